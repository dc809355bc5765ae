# The gateway: Node runs the TypeScript sources as they are, so there is no build step.
FROM node:24.21.0-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force

FROM node:24.21.0-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json llms.txt ./
COPY mappings ./mappings
COPY src ./src
# For operators: docker compose exec worker node scripts/escalations.ts
COPY scripts/doctor.ts scripts/escalations.ts scripts/reconcile.ts scripts/webhooks.ts ./scripts/
COPY scripts/escalations/show.ts ./scripts/escalations/
COPY scripts/seed/fhir-server.ts ./scripts/seed/
COPY scripts/stack/arguments.ts scripts/stack/console.ts scripts/stack/paths.ts ./scripts/stack/
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health/live').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/main.ts"]
