import { readdirSync } from 'node:fs'
import reactHooks from 'eslint-plugin-react-hooks'
import tseslint from 'typescript-eslint'

// Shared → features → pages → app: each layer imports only those before it, and features never import each other.
// The zones come from the folder list, so a new feature is fenced from its first file.
const features = readdirSync(new URL('./src/features', import.meta.url))

const climbs = { group: ['../../*'], message: 'Use the @/ path to leave a folder.' }
const forbid = (files, patterns) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns: [climbs, ...patterns] }] },
})
const layer = (name) => ({
  group: [`@/${name}`, `@/${name}/**`],
  message: `This folder is below ${name}/ and may not import it.`,
})

const zones = [
  forbid(['src/{components,hooks,services,types}/**'], [layer('features'), layer('pages'), layer('app')]),
  forbid(
    ['src/{services,types}/**'],
    [layer('features'), layer('pages'), layer('app'), layer('components'), layer('hooks')],
  ),
  forbid(['src/pages/**'], [layer('app')]),
  ...features.map((feature) => {
    const others = features.filter((other) => other !== feature)
    return forbid(
      [`src/features/${feature}/**`],
      [
        layer('pages'),
        layer('app'),
        {
          group: others.flatMap((other) => [
            `@/features/${other}`,
            `@/features/${other}/**`,
            `../${other}`,
            `../${other}/**`,
          ]),
          message: 'A feature does not import another; a page combines them.',
        },
      ],
    )
  }),
]

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'public', 'scripts'] },
  ...tseslint.configs.strict,
  { files: ['src/**/*.{ts,tsx}'], ...reactHooks.configs.flat['recommended-latest'] },
  {
    files: ['src/**/*.{ts,tsx}'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      'max-lines': ['error', 400],
      'no-console': 'error',
      // We do not use the React compiler, which is all that these two are about.
      'react-hooks/incompatible-library': 'off',
      'react-hooks/preserve-manual-memoization': 'off',
    },
  },
  ...zones,
)
