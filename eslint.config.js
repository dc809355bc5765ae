import tseslint from 'typescript-eslint'

const MAX_LINES = 300

export default tseslint.config(
  { ignores: ['node_modules/', '.run/', 'hapi/', 'coverage/'] },
  {
    files: ['{src,test,scripts,bench}/**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Numbers read well in template literals (`${seconds} s`); everything else stays forbidden there.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // env['NAME'] is how an index signature is read; the dot form would hide that the name is not declared.
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
      // What is taken apart only to leave it out, or asked for by an interface and not needed, is written _name.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // A rejection may be passed on as it came: Promise.allSettled gives `unknown`.
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true }],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: { 'max-lines': ['error', MAX_LINES] },
  },
  {
    // Command-line programs print; only the server has a logger.
    files: ['{scripts,bench,test}/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // A test states by `!` that the fixture has the element; where it has not, the test fails, which is right.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // vitest passes methods of mocks to expect().
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    // Runs before the dependencies are there, so it is plain JavaScript.
    files: ['**/*.{js,mjs,cjs}', '*.config.ts'],
    extends: [tseslint.configs.recommended],
  },
)
