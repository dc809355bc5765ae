/**
 * Who may import whom in src/ (docs/architecture.md has the picture):
 *
 *   doors (http, mcp, channels, demo, staff) → desk (desk, tools) → actions (booking, intake, escalation, notices) → rules (scheduling, calendar) → fhir
 *
 * `ehr/`, `queue/`, `webhooks/`, `counters/` and `oauth/` implement ports which the actions and the desk declare; `deps.ts` puts everything together.
 */
const DOORS = '^src/(http|mcp|channels|demo|staff)/'
const DESK = '^src/(desk|tools)/'
const ACTIONS = '^src/(booking|intake|escalation|notices|audit)/'
const RULES = '^src/scheduling/'
const ADAPTERS = '^src/(ehr|queue|webhooks|counters|oauth)/'
/** The composition root: the process, the application and what constructs the clients. */
const ROOT = '^src/[^/]+\\.ts$'

/** Where npm packages live. `@types/…` are types only and allowed everywhere. */
const NPM = '^node_modules/(?!@types/)'

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Files that import each other cannot be understood, or tested, one at a time.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'A file nobody imports, and which imports nothing, is left over: delete it or use it.',
      severity: 'error',
      from: { orphan: true, pathNot: ['\\.d\\.ts$', '^src/main\\.ts$'] },
      to: {},
    },
    {
      name: 'not-to-unresolvable',
      comment: 'The import leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'src-stands-alone',
      comment: 'The production image holds src/, mappings/ and llms.txt only.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|scripts|bench|hapi)/' },
    },
    {
      name: 'no-dev-dependency-at-run-time',
      comment: 'The production image is installed without development dependencies; types are gone by then.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: '^node_modules/@types/' },
    },
    {
      name: 'fhir-is-the-ground-floor',
      comment: 'fhir/ is the R4 vocabulary: it knows no other room.',
      severity: 'error',
      from: { path: '^src/fhir/' },
      to: { path: '^src/', pathNot: '^src/fhir/' },
    },
    {
      name: 'scheduling-knows-fhir-and-the-clinic-only',
      comment: "The rules decide from FHIR resources and the clinic's settings, which they know as types.",
      severity: 'error',
      from: { path: RULES },
      to: { path: '^src/', pathNot: ['^src/fhir/', RULES, '^src/clinic/'] },
    },
    {
      name: 'scheduling-takes-types-from-the-clinic',
      comment: 'Loading and checking a mapping is not a rule: only its types are.',
      severity: 'error',
      from: { path: RULES },
      to: { path: '^src/clinic/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'pure-rooms-use-no-node-modules',
      comment: 'fhir/ and scheduling/ read no file, socket, clock or environment. Digests for ids (node:crypto in fhir/) are pure.',
      severity: 'error',
      from: { path: '^src/(fhir|scheduling)/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
    },
    {
      name: 'scheduling-needs-no-crypto',
      comment: 'Ids are made in fhir/.',
      severity: 'error',
      from: { path: RULES },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-rooms-use-few-packages',
      comment: 'Time zones (temporal-polyfill) and the types of zod, no other package.',
      severity: 'error',
      from: { path: '^src/(fhir|scheduling)/' },
      to: { path: NPM, pathNot: '^node_modules/(temporal-polyfill|temporal-spec|zod)/' },
    },
    {
      name: 'calendar-knows-fhir-the-clinic-and-intervals',
      comment: "The clinic's clock and what a patient's words for a time mean: decided from the mapping and from a moment that is handed in.",
      severity: 'error',
      from: { path: '^src/calendar/' },
      to: { path: '^src/', pathNot: '^src/(calendar|clinic|fhir)/|^src/scheduling/interval\\.ts$' },
    },
    {
      name: 'calendar-is-pure',
      comment: 'No file, socket or environment; time zones, dates in words, and the schema of its answer.',
      severity: 'error',
      from: { path: '^src/calendar/' },
      to: { path: ['^(node:)?[a-z]+$', NPM], pathNot: '^node_modules/(temporal-polyfill|temporal-spec|chrono-node|zod)/' },
    },
    {
      name: 'only-the-calendar-reads-dates-from-words',
      comment: 'chrono-node reckons in the zone of the process; only where that is known and kept out may it be used.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/calendar/' },
      to: { path: '^node_modules/chrono-node/' },
    },
    {
      name: 'clinic-knows-no-room-but-fhir',
      comment: 'clinic/ loads and checks mappings/*.json.',
      severity: 'error',
      from: { path: '^src/clinic/' },
      to: { path: '^src/', pathNot: '^src/(clinic|fhir)/' },
    },
    {
      name: 'actions-know-ports-only',
      comment: 'An action is told its EHR and its queue through ports; it never sees a door or the composition root.',
      severity: 'error',
      from: { path: ACTIONS },
      to: { path: [DOORS, DESK, ADAPTERS, ROOT] },
    },
    {
      name: 'desk-calls-actions',
      comment: 'The desk says what every door offers; of the process it knows the type of a client only.',
      severity: 'error',
      from: { path: DESK },
      to: { path: [DOORS, ADAPTERS, ROOT], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'doors-call-actions',
      comment: 'A door parses, calls one action and presents; it neither speaks to the EHR nor builds its own parts.',
      severity: 'error',
      from: { path: DOORS },
      to: { path: [ADAPTERS, '^src/(main|deps)\\.ts$'] },
    },
    {
      name: 'the-demo-page-is-a-room-of-the-browser',
      comment: 'What runs in the browser knows the gateway by its MCP door only, and no code of the gateway knows the page.',
      severity: 'error',
      from: { path: '^src/demo/page/' },
      to: { pathNot: '^src/demo/page/' },
    },
    {
      name: 'nothing-imports-the-demo-page',
      comment: 'The page is given out as files.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/demo/page/' },
      to: { path: '^src/demo/page/' },
    },
    {
      name: 'adapters-know-no-door',
      comment: 'ehr/, queue/, webhooks/, counters/ and oauth/ implement ports; who calls them, and with which settings, is not theirs to know.',
      severity: 'error',
      from: { path: ADAPTERS },
      to: { path: [DOORS, '^src/tools/', ROOT] },
    },
    {
      name: 'adapters-run-no-action',
      comment: 'Of an action an adapter knows types (its ports above all) and the errors it may throw, nothing that runs.',
      severity: 'error',
      from: { path: ADAPTERS },
      to: { path: ACTIONS, pathNot: '/(ports|errors)\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'ehr-is-put-together-in-one-place',
      comment: 'Only the composition root names an implementation of the EHR; everybody else uses booking/ports.ts.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/ehr/', '^src/(deps|main)\\.ts$'] },
      to: { path: '^src/ehr/' },
    },
    {
      name: 'only-ehr-speaks-fhir-over-http',
      comment: 'One room holds the time limits, the cache headers and the reading of error answers.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/ehr/' },
      to: { path: '^node_modules/fhir-kit-client/' },
    },
    {
      name: 'only-three-rooms-open-connections',
      comment: 'What goes out, and with which limits, is decided in three places: to the FHIR server, the receivers of notices, the OAuth issuer.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(ehr|webhooks|oauth)/' },
      to: { path: '^node_modules/undici/' },
    },
    {
      name: 'only-doors-know-fastify',
      comment: 'The web framework stays behind the door; app.ts hangs the doors into it.',
      severity: 'error',
      from: { path: '^src/', pathNot: [DOORS, '^src/app\\.ts$'] },
      to: { path: '^node_modules/(fastify|@fastify|fastify-type-provider-zod)(/|$)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true, // type imports count too
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
}
