import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { Button } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { Field } from '@/components/Common/Field'
import { ConfirmDialog } from '@/components/Common/FormDialog'
import { SelectField } from '@/components/Common/Inputs'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { SEVERITIES } from '@/components/Common/Severity'
import { Strip } from '@/components/Common/States'
import { useLeaveGuard } from '@/hooks/useLeaveGuard'
import { useScopedLink } from '@/hooks/useScopedLink'
import { useShortcuts } from '@/hooks/useShortcuts'
import { ApiProblem } from '@/services/problem'
import { toast } from '@/services/toasts'
import type { Severity } from '@/types/api'
import { useCreateRule, useReplaceRule } from '../api/rules'
import { readingsOf } from '../condition'
import { draftOf, newDraft } from '../draft'
import { type RuleForm, RuleFormProvider, useForm, useRuleForm } from '../hooks/useRuleForm'
import type { Rule } from '../types'
import { conditionWords } from '../words'
import { ConditionCard } from './ConditionCard'
import { RuleChecks } from './RuleChecks'
import { TimingCard } from './TimingCard'
import { WordingCard } from './WordingCard'

/** A rule as it is written or changed, and beside it what it would do. `rule` is the stored one, null for a new one. */
export function RuleEditor({ rule }: { rule: Rule | null }) {
  const { t } = useTranslation()
  const [base, setBase] = useState(rule)
  const form = useRuleForm(base ? draftOf(base) : newDraft())
  const [testedBody, setTestedBody] = useState<string | null>(null)
  // What asks other data than samples has no history here to be tried on.
  const isTested = testedBody === JSON.stringify(form.body) || readingsOf(form.body.condition).length === 0
  const guard = useLeaveGuard(form.isDirty)
  const saving = useSaving(base, form, guard.release)
  const isOn = base?.enabled ?? false
  const isOutdated = rule !== null && base !== null && rule.version > base.version && !saving.isPending
  useShortcuts([
    { keys: 'mod+s', run: () => saving.save(isOn), label: t('rule.save'), group: t('shortcut.group.rules') },
  ])
  return (
    <RuleFormProvider value={form}>
      {isOutdated && (
        <ChangedMeanwhile
          theirs={rule}
          onTake={() => {
            setBase(rule)
            form.reset(draftOf(rule))
          }}
          onKeep={() => setBase(rule)}
        />
      )}
      <form
        noValidate
        aria-label={t('rule.one')}
        onSubmit={(event) => {
          event.preventDefault()
          saving.save(isOn)
        }}
        className="grid items-start gap-3 *:min-w-0 xl:grid-cols-[minmax(0,640px)_minmax(0,1fr)]"
      >
        <div className="flex flex-col gap-3">
          <BasicsCard />
          <ConditionCard />
          <TimingCard />
          <WordingCard />
          <ProblemNote error={saving.error} />
          <div className="sticky bottom-0 z-10 -my-3 flex flex-wrap items-center gap-2 border-t border-border bg-bg py-3">
            {isOn ? (
              <Button type="submit" variant="primary" busy={saving.isPending}>
                {t('rule.save')}
              </Button>
            ) : (
              <>
                <Button
                  variant="primary"
                  disabled={!isTested}
                  busy={saving.isPending}
                  onClick={() => saving.save(true)}
                >
                  {t('rule.saveOn')}
                </Button>
                <Button type="submit" busy={saving.isPending}>
                  {t('rule.saveOff')}
                </Button>
              </>
            )}
            {!isOn && !isTested && <span className="text-muted">{t('rule.testFirst')}</span>}
          </div>
        </div>
        <RuleChecks form={form} rule={base} onTested={(body) => setTestedBody(JSON.stringify(body))} />
      </form>
      {guard.held && (
        <ConfirmDialog
          title={t('rule.leaveTitle')}
          text={t('rule.leaveText')}
          confirmLabel={t('rule.leave')}
          mutation={{ isPending: false, error: null }}
          onConfirm={guard.go}
          onClose={guard.stay}
        />
      )}
    </RuleFormProvider>
  )
}

function useSaving(base: Rule | null, form: RuleForm, release: () => void) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const scopedLink = useScopedLink()
  const create = useCreateRule()
  const replace = useReplaceRule()
  const saved = (rule: Rule) => {
    release()
    form.settle()
    toast({ kind: 'ok', text: t(rule.enabled ? 'rule.savedOn' : 'rule.savedOff', { name: rule.name }) })
    void navigate(scopedLink(`/alerts/rules/${rule.id}`))
  }
  const failure = create.error ?? replace.error
  return {
    isPending: create.isPending || replace.isPending,
    // Another's change is shown above the form, with ways on.
    error: failure instanceof ApiProblem && failure.slug === 'changed-meanwhile' ? null : failure,
    save: (enabled: boolean) => {
      if (!form.check()) return
      const body = { ...form.body, enabled }
      if (base) replace.mutate({ id: base.id, body: { ...body, version: base.version } }, { onSuccess: saved })
      else create.mutate(body, { onSuccess: saved })
    },
  }
}

function BasicsCard() {
  const { t } = useTranslation()
  const { draft, body, errors, change, errorOf, touch } = useForm()
  const isReadable = !Object.keys(errors).some(
    (path) => path.startsWith('parts') || path.startsWith('fact') || path === 'query',
  )
  return (
    <Card title={t('rule.about')}>
      <div className="grid gap-3 sm:grid-cols-[minmax(0,1fr)_10rem]">
        <Field
          autoFocus={!draft.name}
          label={t('rule.name')}
          maxLength={200}
          value={draft.name}
          error={errorOf('name')}
          onBlur={() => touch('name')}
          onChange={(event) => change({ name: event.target.value })}
        />
        <SelectField
          label={t('alert.severity')}
          value={draft.severity}
          options={SEVERITIES.map((value) => ({ value, label: t(`severity.${value}`) }))}
          onChange={(event) => change({ severity: event.target.value as Severity })}
        />
      </div>
      <p aria-live="polite" className="mt-3 break-words text-muted">
        {isReadable ? conditionWords(t, body.condition) : t('rule.notComplete')}
      </p>
    </Card>
  )
}

type ConflictProps = { theirs: Rule; onTake: () => void; onKeep: () => void }

/** Somebody saved the rule while it was open here: take theirs, or go on and put one's own over it. */
function ChangedMeanwhile({ theirs, onTake, onKeep }: ConflictProps) {
  const { t } = useTranslation()
  return (
    <Strip
      action={
        <>
          <Button onClick={onTake}>{t('rule.takeTheirs')}</Button>
          <Button variant="quiet" onClick={onKeep}>
            {t('rule.keepMine')}
          </Button>
        </>
      }
    >
      {t('rule.changedMeanwhile', { version: theirs.version })}
    </Strip>
  )
}
