import { useTranslation } from 'react-i18next'
import { ApiProblem } from '@/services/problem'
import { describe } from './States'

/** What went wrong with a form, below its fields, with the request id to quote. */
export function ProblemNote({ error }: { error: Error | null | undefined }) {
  const { t } = useTranslation()
  if (!error) return null
  const problem = error instanceof ApiProblem ? error : null
  return (
    <div role="alert" className="text-critical">
      {describe(error, t('error.unexpected'))}
      {problem && problem.errors.length > 0 && (
        <ul className="mt-1 list-disc pl-4">
          {problem.errors.map(({ pointer, detail }) => (
            <li key={pointer + detail}>
              <span className="font-mono text-11">{pointer.replace(/^#\//, '').replaceAll('/', '.')}</span> {detail}
            </li>
          ))}
        </ul>
      )}
      {problem?.requestId && (
        <span className="block text-11 text-muted">{t('error.requestId', { id: problem.requestId })}</span>
      )}
    </div>
  )
}
