import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Field } from '@/components/Common/Field'
import { FormDialog } from '@/components/Common/FormDialog'
import { Checkbox, RadioCard } from '@/components/Common/Inputs'
import { useCreateSink } from '../api'

const KINDS = ['webhook', 'syslog'] as const

type Props = { onClose: () => void; onMade: (secret: string | null) => void }

/** One more place that the log is sent to. */
export function CreateSink({ onClose, onMade }: Props) {
  const { t } = useTranslation()
  const [name, setName] = useState('')
  const [kind, setKind] = useState<(typeof KINDS)[number]>('webhook')
  const [url, setUrl] = useState('')
  const [fromStart, setFromStart] = useState(true)
  const [tried, setTried] = useState(false)
  const create = useCreateSink()
  const isUrl = URL.canParse(url.trim())
  return (
    <FormDialog
      title={t('sinks.create')}
      description={t('sinks.createText')}
      submitLabel={t('sinks.create')}
      busy={create.isPending}
      error={create.error}
      onSubmit={() => {
        setTried(true)
        if (!name.trim() || !isUrl) return
        create.mutate(
          { name: name.trim(), kind, url: url.trim(), from_start: fromStart },
          { onSuccess: (made) => onMade(made.new_secret ?? null) },
        )
      }}
      onClose={onClose}
    >
      <Field
        autoFocus
        label={t('apiKeys.name')}
        maxLength={200}
        value={name}
        error={tried && !name.trim() ? t('apiKeys.nameError') : undefined}
        onChange={(event) => setName(event.target.value)}
      />
      <fieldset>
        <legend className="mb-1 font-medium">{t('sinks.kind')}</legend>
        <div className="grid gap-2 md:grid-cols-2">
          {KINDS.map((value) => (
            <RadioCard
              key={value}
              name="kind"
              label={t(`sinkKind.${value}`)}
              hint={t(`sinkKindHint.${value}`)}
              checked={kind === value}
              onChange={() => setKind(value)}
            />
          ))}
        </div>
      </fieldset>
      <Field
        mono
        label={t('sinks.url')}
        placeholder={kind === 'webhook' ? 'https://siem.example.com/in' : 'tls://logs.example.com:6514'}
        value={url}
        error={tried && !isUrl ? t('sinks.urlError') : undefined}
        onChange={(event) => setUrl(event.target.value)}
      />
      <Checkbox
        label={t('sinks.fromStart')}
        checked={fromStart}
        onChange={(event) => setFromStart(event.target.checked)}
      />
    </FormDialog>
  )
}
