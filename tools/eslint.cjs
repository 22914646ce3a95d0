/** Backstage's lint rules for a package, with ours: a file reads from its main export down to its helpers. */
module.exports = folder =>
  require('@backstage/cli/config/eslint-factory')(folder, {
    rules: {
      '@typescript-eslint/no-use-before-define': ['error', { functions: false, classes: false, variables: false }],
      // Commands of a runbook are joined from quoted parts; a template would hide where one ends.
      'prefer-template': 'off',
      // A dialog, and the page that is one search box, are where the reader wants to type.
      'jsx-a11y/no-autofocus': 'off',
    },
    overrides: [
      {
        // Test inputs are hostile on purpose, fakes are terse, and assertions stand in helpers.
        files: ['**/*.test.ts', '**/*.test.tsx', '**/__testUtils__/**', '**/setupTests.ts'],
        rules: {
          'no-nested-ternary': 'off', 'no-loop-func': 'off', 'no-script-url': 'off', 'no-console': 'off', yoda: 'off',
          'jest/expect-expect': 'off',
        },
      },
    ],
  });
