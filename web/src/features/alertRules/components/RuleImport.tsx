import { useQuery } from '@tanstack/react-query'
import { FileUp } from 'lucide-react'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { Button } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { Field } from '@/components/Common/Field'
import { SelectField, TextArea } from '@/components/Common/Inputs'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { Strip } from '@/components/Common/States'
import { useScopedLink } from '@/hooks/useScopedLink'
import { formatBytes, formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import { toast } from '@/services/toasts'
import { useImport, useTryImport } from '../api/importing'
import { serversQuery } from '../api/series'
import { ImportReport } from './ImportReport'

const MOST_BYTES = 2_000_000
const FILE_TYPES = '.yml,.yaml,.rules'

/** A Prometheus rule file, pasted or picked: first what would become of each rule, then the import. */
export function RuleImport() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const scopedLink = useScopedLink()
  const [name, setName] = useState('')
  const [content, setContent] = useState('')
  const [source, setSource] = useState('')
  const [tried, setTried] = useState(false)
  const attempt = useTryImport()
  const run = useImport()
  const { data: servers = [] } = useQuery({ ...serversQuery(), enabled: useCan('metrics:read') })
  const order = { name: name.trim(), content, source_id: source || null }
  const isOld = attempt.variables !== undefined && JSON.stringify(attempt.variables) !== JSON.stringify(order)
  const check = () => {
    setTried(true)
    if (order.name && content.trim()) attempt.mutate(order)
  }
  const start = () =>
    run.mutate(order, {
      onSuccess: ({ file_id, rules }) => {
        const count = rules.filter(({ rule_id }) => rule_id).length
        toast({ kind: 'ok', text: t('rule.imported', { count, shown: formatNumber(count) }) })
        void navigate(scopedLink('/alerts/rules', { file: file_id }))
      },
    })
  const report = attempt.data
  const storable = report?.rules.filter(({ change }) => change !== null).length ?? 0
  return (
    <div className="grid items-start gap-3 *:min-w-0 xl:grid-cols-[minmax(0,560px)_minmax(0,1fr)]">
      <Card title={t('rule.importFile')}>
        <form
          noValidate
          aria-label={t('rule.importFile')}
          className="flex flex-col gap-4"
          onSubmit={(event) => {
            event.preventDefault()
            check()
          }}
        >
          <Field
            label={t('rule.fileName')}
            hint={t('rule.fileNameHint')}
            maxLength={200}
            value={name}
            error={tried && !order.name ? t('rule.error.name') : undefined}
            onChange={(event) => setName(event.target.value)}
          />
          <FileText
            content={content}
            error={tried && !content.trim() ? t('rule.error.content') : undefined}
            onText={setContent}
            onFile={(fileName, text) => {
              setContent(text)
              if (!name) setName(fileName)
            }}
          />
          <SelectField
            label={t('rule.askServer')}
            hint={t('rule.askServerHint')}
            value={source}
            options={[
              { value: '', label: t('rule.askNobody') },
              ...servers.map(({ id, name: serverName }) => ({ value: id, label: serverName })),
            ]}
            onChange={(event) => setSource(event.target.value)}
          />
          <Button
            type="submit"
            className="self-start"
            variant={report && !isOld ? 'plain' : 'primary'}
            busy={attempt.isPending}
          >
            {t('rule.tryImport')}
          </Button>
          <ProblemNote error={attempt.error} />
        </form>
      </Card>
      <Card title={t('rule.importReport')}>
        {report ? (
          <div className="flex flex-col gap-3" aria-live="polite">
            {isOld && <Strip>{t('rule.importOld')}</Strip>}
            <ImportReport report={report} />
            <ProblemNote error={run.error} />
            <Button
              variant="primary"
              className="self-start"
              busy={run.isPending}
              disabled={isOld || storable + report.removed.length === 0}
              onClick={start}
            >
              {t('rule.importCount', { count: storable, shown: formatNumber(storable) })}
            </Button>
          </div>
        ) : (
          <p className="text-muted">{t('rule.importText')}</p>
        )}
      </Card>
    </div>
  )
}

type TextProps = {
  content: string
  error?: string
  onText: (text: string) => void
  onFile: (name: string, text: string) => void
}

function FileText({ content, error, onText, onFile }: TextProps) {
  const { t } = useTranslation()
  const picker = useRef<HTMLInputElement>(null)
  const [tooBig, setTooBig] = useState(false)
  const read = async (file: File | undefined) => {
    if (!file) return
    setTooBig(file.size > MOST_BYTES)
    if (file.size <= MOST_BYTES) onFile(file.name, await file.text())
  }
  return (
    <div
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        if (event.dataTransfer.files.length === 0) return
        event.preventDefault()
        void read(event.dataTransfer.files[0])
      }}
    >
      <TextArea
        mono
        rows={18}
        label={t('rule.fileText')}
        hint={t('rule.fileTextHint')}
        error={tooBig ? t('rule.error.fileSize', { most: formatBytes(MOST_BYTES) }) : error}
        spellCheck={false}
        value={content}
        onChange={(event) => onText(event.target.value)}
      />
      <input
        ref={picker}
        type="file"
        hidden
        accept={FILE_TYPES}
        onChange={(event) => {
          void read(event.target.files?.[0])
          event.target.value = ''
        }}
      />
      <Button icon={FileUp} className="mt-1.5" onClick={() => picker.current?.click()}>
        {t('connect.readFile')}
      </Button>
    </div>
  )
}
