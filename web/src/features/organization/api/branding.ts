import {
  type BrandingUpdate,
  readBranding,
  removeLogo,
  replaceBranding,
  uploadLogo,
  verifyBrandingDomain,
} from '@cloudops/api-client'
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answerOf } from '@/services/http'
import { organizationKeys } from './organization'

const brandingKey = () => [...organizationKeys.all, 'branding'] as const

export const brandingQuery = () =>
  queryOptions({ queryKey: brandingKey(), queryFn: ({ signal }) => answerOf(readBranding({ signal })) })

function useRenewBranding() {
  const queryClient = useQueryClient()
  return () => queryClient.invalidateQueries({ queryKey: brandingKey() })
}

export function useReplaceBranding() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: BrandingUpdate) => answerOf(replaceBranding({ body })),
    onSuccess: useRenewBranding(),
  })
}

export function useUploadLogo() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (file: File) => answerOf(uploadLogo({ body: { file } })),
    onSuccess: useRenewBranding(),
  })
}

export function useRemoveLogo() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: () => answerOf(removeLogo()),
    onSuccess: useRenewBranding(),
  })
}

export function useVerifyBrandingDomain() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: () => answerOf(verifyBrandingDomain()),
    onSuccess: useRenewBranding(),
  })
}
