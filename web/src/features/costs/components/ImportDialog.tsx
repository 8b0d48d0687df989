import { useQuery } from '@tanstack/react-query'
import { Upload } from 'lucide-react'
import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { Modal } from '@/components/Common/Modal'
import { Skeleton } from '@/components/Common/Skeleton'
import { describe, ErrorState } from '@/components/Common/States'
import { costImportQuery, useImportCosts } from '../api'
import { ImportHistory } from './ImportHistory'
import { Manifest } from './Manifest'

const ACCEPTED = '.csv,.gz,.parquet,.zip'

/** Takes a bill in FOCUS form and shows what was read, stored and refused. `importId` opens an earlier one. */
export function ImportDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const [importId, setImportId] = useState<string | null>(null)
  return (
    <Modal title={t('import.title')} description={t('import.text')} onClose={onClose} className="max-w-2xl!">
      <div className="flex flex-col gap-4 overflow-y-auto px-4 pt-2 pb-4">
        {importId ? (
          <ImportResult id={importId} onBack={() => setImportId(null)} />
        ) : (
          <>
            <UploadForm onStarted={setImportId} />
            <ImportHistory onOpen={setImportId} />
          </>
        )}
      </div>
    </Modal>
  )
}

function UploadForm({ onStarted }: { onStarted: (id: string) => void }) {
  const { t } = useTranslation()
  const inputId = useId()
  const [file, setFile] = useState<File | null>(null)
  const upload = useImportCosts()
  return (
    <form
      className="flex flex-col gap-2"
      onSubmit={(event) => {
        event.preventDefault()
        if (file) upload.mutate(file, { onSuccess: ({ import_id }) => onStarted(import_id) })
      }}
    >
      <label
        htmlFor={inputId}
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          event.preventDefault()
          setFile(event.dataTransfer.files[0] ?? null)
        }}
        className="flex min-h-24 flex-col items-center justify-center gap-1 rounded-card border border-dashed border-border bg-bg p-4 text-center focus-within:border-accent hover:border-muted"
      >
        <Upload size={18} aria-hidden className="text-muted" />
        <span className="font-medium">{file ? file.name : t('import.choose')}</span>
        <span className="text-muted">{t('import.formats')}</span>
        <input
          id={inputId}
          type="file"
          accept={ACCEPTED}
          className="sr-only"
          onChange={(event) => setFile(event.target.files?.[0] ?? null)}
        />
      </label>
      {upload.error && (
        <p role="alert" className="text-critical">
          {describe(upload.error, t('error.unexpected'))}
        </p>
      )}
      <Button variant="primary" type="submit" disabled={!file} busy={upload.isPending} className="self-end">
        {upload.isPending ? t('import.uploading') : t('import.start')}
      </Button>
    </form>
  )
}

function ImportResult({ id, onBack }: { id: string; onBack: () => void }) {
  const { t } = useTranslation()
  const query = useQuery(costImportQuery(id))
  return (
    <>
      {query.data ? (
        <Manifest manifest={query.data} />
      ) : query.error ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <Skeleton className="h-40" />
      )}
      <Button className="self-start" onClick={onBack}>
        {t('import.another')}
      </Button>
    </>
  )
}
