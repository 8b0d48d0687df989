import { useQuery } from '@tanstack/react-query'
import { Download } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Badge, type Tone } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { saveFile } from '@/components/Common/download'
import { QueryState } from '@/components/Common/QueryState'
import { RowTable } from '@/components/Common/RowTable'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { formatBytes, formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import type { OrganizationExport } from '@/types/api'
import { exportsQuery, useDownloadExport, useStartExport } from '../api/organization'

const TONES: Record<OrganizationExport['state'], Tone> = {
  queued: 'neutral',
  running: 'busy',
  ready: 'ok',
  failed: 'bad',
  expired: 'neutral',
}

/** Everything that the organization owns, as one file to take away. */
export function Exports() {
  const { t } = useTranslation()
  const may = useCan('ownership:write')
  const query = useQuery({ ...exportsQuery(), enabled: may })
  const start = useStartExport()
  const download = useDownloadExport()
  const startButton = may && (
    <Button busy={start.isPending} onClick={() => start.mutate()}>
      {t('exports.start')}
    </Button>
  )
  return (
    <Card flush title={t('exports.title')} aside={startButton}>
      <QueryState
        query={query}
        permission="ownership:write"
        skeleton={<SkeletonRows rows={2} />}
        isEmpty={(exports) => exports.length === 0}
        firstUse={{ title: t('exports.empty'), quiet: true }}
      >
        {(exports) => (
          <RowTable
            label={t('exports.title')}
            rows={exports}
            rowId={(row) => row.id}
            columns={[
              { id: 'at', header: t('exports.asked'), cell: (row) => <Time at={row.created_at} /> },
              {
                id: 'state',
                header: t('members.state'),
                cell: (row) => <Badge tone={TONES[row.state]}>{t(`exportState.${row.state}`)}</Badge>,
              },
              {
                id: 'rows',
                header: t('exports.rows'),
                align: 'end',
                wideOnly: true,
                cell: (row) => formatNumber(Object.values(row.row_counts).reduce((sum, count) => sum + count, 0)),
              },
              {
                id: 'size',
                header: t('exports.size'),
                align: 'end',
                wideOnly: true,
                cell: (row) => (row.size_bytes === null ? '–' : formatBytes(row.size_bytes)),
              },
              {
                id: 'until',
                header: t('exports.until'),
                wideOnly: true,
                cell: (row) => (row.expires_at ? <Time at={row.expires_at} /> : '–'),
              },
            ]}
            actions={(row) =>
              row.state === 'ready' && (
                <Button
                  icon={Download}
                  busy={download.isPending && download.variables === row.id}
                  onClick={() =>
                    download.mutate(row.id, {
                      onSuccess: (file) => saveFile(`organization-${row.created_at.slice(0, 10)}.zip`, file),
                    })
                  }
                >
                  {t('action.download')}
                </Button>
              )
            }
          />
        )}
      </QueryState>
    </Card>
  )
}
