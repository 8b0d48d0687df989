import type { UnitCheckRead, UnitTestRead } from '@cloudops/api-client'
import { FlaskConical } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { TextArea } from '@/components/Common/Inputs'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { durationText } from '@/services/durations'
import type { useRunUnitTests } from '../api/checks'
import type { RuleForm } from '../hooks/useRuleForm'
import { testTemplate } from '../testTemplate'

type Props = {
  form: RuleForm
  run: ReturnType<typeof useRunUnitTests>
  /** Null until something was typed. */
  text: string | null
  onText: (text: string) => void
}

/** Tests in promtool's shape, run against the rule as typed. */
export function UnitTests({ form, run, text, onText }: Props) {
  const { t } = useTranslation()
  const shown = text ?? testTemplate(form.body)
  return (
    <div className="flex flex-col gap-3">
      <TextArea
        mono
        rows={16}
        label={t('rule.tests')}
        hint={t('rule.testsHint')}
        spellCheck={false}
        value={shown}
        onChange={(event) => onText(event.target.value)}
      />
      <Button
        icon={FlaskConical}
        className="self-start"
        busy={run.isPending}
        onClick={() => form.check() && run.mutate({ rule: form.body, tests: shown })}
      >
        {t('rule.runTests')}
      </Button>
      <ProblemNote error={run.error} />
      {run.data && <Results results={run.data} />}
    </div>
  )
}

function Results({ results }: { results: UnitTestRead }) {
  const { t } = useTranslation()
  return (
    <div aria-live="polite" className="flex flex-col gap-2">
      <Badge tone={results.passed ? 'ok' : 'bad'}>{t(results.passed ? 'rule.testsPass' : 'rule.testsFail')}</Badge>
      <ul className="flex flex-col gap-2">
        {results.tests.map(({ name, line, passed, checks }) => (
          <li key={line} className="rounded-card border border-border p-2.5">
            <Badge tone={passed ? 'ok' : 'bad'}>{name || t('rule.testAt', { line })}</Badge>
            <ul className="mt-1 flex flex-col gap-1.5">
              {checks.map((check) => (
                <Check key={check.line} check={check} />
              ))}
            </ul>
          </li>
        ))}
      </ul>
      {results.notes.map((note) => (
        <p key={note} className="text-muted">
          {note}
        </p>
      ))}
    </div>
  )
}

/** One expectation; where it fails, what was expected beside what came. */
function Check({ check }: { check: UnitCheckRead }) {
  const { t } = useTranslation()
  const { passed, alertname, eval_time_seconds, line, detail, expected, got } = check
  return (
    <li>
      <Badge tone={passed ? 'ok' : 'bad'}>
        {t('rule.checkAt', { alertname, at: durationText(eval_time_seconds), line })}
      </Badge>
      {detail && <p className="break-words">{detail}</p>}
      {!passed && (
        <div className="mt-1 grid gap-2 font-mono text-11 break-all sm:grid-cols-2">
          <AlertSet title={t('rule.expectedAlerts')} alerts={expected} />
          <AlertSet title={t('rule.gotAlerts')} alerts={got} />
        </div>
      )}
    </li>
  )
}

function AlertSet({ title, alerts }: { title: string; alerts: UnitCheckRead['got'] }) {
  const { t } = useTranslation()
  return (
    <div className="rounded-control bg-surface-2 p-2">
      <p className="font-sans font-medium">{title}</p>
      {alerts.length === 0 && <p className="text-muted">{t('rule.noAlerts')}</p>}
      {alerts.map((alert) => (
        <p key={JSON.stringify(alert)}>{JSON.stringify(alert)}</p>
      ))}
    </div>
  )
}
