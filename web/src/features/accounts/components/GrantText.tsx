import { useTranslation } from 'react-i18next'
import { CopyButton } from '@/components/Common/Copy'
import { grantText } from '../rules'

type Props = { title: string; document: Record<string, unknown> | string }

/** A policy, role or commands to take over into the cloud. */
export function GrantText({ title, document }: Props) {
  const { t } = useTranslation()
  const text = grantText(document)
  return (
    <section>
      <div className="mb-1 flex items-center justify-between gap-2">
        <h3 className="font-semibold">{title}</h3>
        <CopyButton text={text} label={t('connect.copyPolicy')} />
      </div>
      <pre
        tabIndex={0}
        aria-label={title}
        className="max-h-48 overflow-auto rounded-control border border-border bg-bg p-2 font-mono text-11 leading-4"
      >
        {text}
      </pre>
    </section>
  )
}
