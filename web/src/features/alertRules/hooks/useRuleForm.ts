import { createContext, useContext, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { PartDraft } from '../condition'
import { bodyOf, isSame, type RuleDraft } from '../draft'

type Change = Partial<RuleDraft> | ((draft: RuleDraft) => RuleDraft)

/** The rule being typed: its draft, what is wrong with it, and which fields have been left already. */
export function useRuleForm(stored: RuleDraft) {
  const { t } = useTranslation()
  const [draft, setDraft] = useState(stored)
  const [saved, setSaved] = useState(stored)
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set())
  const [tried, setTried] = useState(false)
  const { body, errors } = useMemo(() => bodyOf(draft), [draft])
  const isDirty = useMemo(() => !isSame(draft, saved), [draft, saved])
  return {
    draft,
    body,
    errors,
    isDirty,
    isValid: Object.keys(errors).length === 0,
    change: (change: Change) =>
      setDraft((before) => (typeof change === 'function' ? change(before) : { ...before, ...change })),
    changePart: (index: number, fields: Partial<PartDraft>) =>
      setDraft((before) => ({
        ...before,
        parts: before.parts.map((part, at) => (at === index ? { ...part, ...fields } : part)),
      })),
    touch: (path: string) => setTouched((before) => new Set(before).add(path)),
    /** What is wrong with a field, once it was left or saving was tried. */
    errorOf: (path: string): string | undefined => {
      const error = errors[path]
      return error && (tried || touched.has(path)) ? t(`rule.error.${error}` as 'rule.error.name') : undefined
    },
    /** Shows all that is wrong; says whether nothing is. */
    check: () => {
      setTried(true)
      return Object.keys(errors).length === 0
    },
    /** What is typed is what is stored now. */
    settle: () => {
      setSaved(draft)
      setTried(false)
    },
    reset: (next: RuleDraft) => {
      setDraft(next)
      setSaved(next)
    },
  }
}

export type RuleForm = ReturnType<typeof useRuleForm>

const FormContext = createContext<RuleForm | null>(null)
export const RuleFormProvider = FormContext.Provider

export function useForm(): RuleForm {
  const form = useContext(FormContext)
  if (!form) throw new Error('A field of a rule stands outside its form')
  return form
}
