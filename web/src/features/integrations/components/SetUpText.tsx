import { useTranslation } from 'react-i18next'
import { CopyButton } from '@/components/Common/Copy'

/** A file's content or a command, ready to be copied. */
export function SetUpText({ label, text }: { label: string; text: string }) {
  const { t } = useTranslation()
  return (
    <div className="relative min-w-0">
      <pre
        role="group"
        aria-label={label}
        tabIndex={0}
        className="max-h-72 overflow-auto rounded-control border border-border bg-bg p-2.5 pr-9 font-mono text-11"
      >
        {text}
      </pre>
      <CopyButton className="absolute top-1 right-1" text={text} label={t('action.copyNamed', { name: label })} />
    </div>
  )
}
