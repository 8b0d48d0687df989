import type { AnomalyRead } from '@cloudops/api-client'
import { Check, type LucideIcon, ThumbsDown, ThumbsUp } from 'lucide-react'
import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { inputShape } from '@/components/Common/Field'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { Time } from '@/components/Common/Time'
import { useCan } from '@/services/permissions'
import { toast } from '@/services/toasts'
import { useJudge } from '../api'
import { VERDICTS, type Verdict } from '../rules'

const ICONS: Record<Verdict, LucideIcon> = { useful: ThumbsUp, expected: Check, wrong: ThumbsDown }

/** What people said of an anomaly, and the way to say it; the detector learns from it. */
export function Feedback({ anomaly }: { anomaly: AnomalyRead }) {
  const { t } = useTranslation()
  const noteId = useId()
  const judge = useJudge()
  const mayJudge = useCan('rules:write')
  const { feedback } = anomaly
  const [note, setNote] = useState(feedback?.note ?? '')
  const say = (verdict: Verdict | null) =>
    judge.mutate(
      { id: anomaly.id, body: { verdict, note: verdict === null ? '' : note.trim() } },
      { onSuccess: () => void toast({ kind: 'ok', text: t(verdict ? 'anomaly.thanks' : 'anomaly.takenBack') }) },
    )
  return (
    <div className="flex flex-col gap-2">
      {feedback && (
        <p>
          <span className="font-medium">{t(`anomaly.verdict.${feedback.verdict}`)}</span>
          {feedback.note && <span>: {feedback.note}</span>} <Time at={feedback.at} className="text-muted" />
        </p>
      )}
      {!feedback && !mayJudge && <p className="text-muted">{t('anomaly.nobodySaid')}</p>}
      {mayJudge && (
        <>
          <label htmlFor={noteId} className="sr-only">
            {t('anomaly.note')}
          </label>
          <input
            id={noteId}
            value={note}
            maxLength={500}
            placeholder={t('anomaly.note')}
            onChange={(event) => setNote(event.target.value)}
            className={inputShape}
          />
          <div role="group" aria-label={t('anomaly.feedback')} className="flex flex-wrap gap-2">
            {VERDICTS.map((verdict) => (
              <Button
                key={verdict}
                icon={ICONS[verdict]}
                title={t(`anomaly.verdictHint.${verdict}`)}
                aria-pressed={feedback?.verdict === verdict}
                disabled={judge.isPending}
                className={feedback?.verdict === verdict ? 'border-accent!' : undefined}
                onClick={() => say(verdict)}
              >
                {t(`anomaly.verdict.${verdict}`)}
              </Button>
            ))}
            {feedback && (
              <Button variant="quiet" disabled={judge.isPending} onClick={() => say(null)}>
                {t('anomaly.takeBack')}
              </Button>
            )}
          </div>
          <p className="text-muted">{t('anomaly.feedbackText')}</p>
          <ProblemNote error={judge.error} />
        </>
      )}
    </div>
  )
}
