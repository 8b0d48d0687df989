import { QueryClientProvider } from '@tanstack/react-query'
import { NuqsAdapter } from 'nuqs/adapters/react-router/v7'
import { BrowserRouter } from 'react-router'
import { LiveRegion, Toaster } from '@/components/Common/Toaster'
import { TooltipLayer } from '@/components/Common/Tooltip'
import { createQueryClient } from '@/services/queryClient'
import { onSignOut } from '@/services/session'
import { ErrorBoundary } from './ErrorBoundary'
import { AppRoutes } from './routes'

const queryClient = createQueryClient()

// What one person has seen must not be there for the next.
onSignOut(() => queryClient.clear())

export function App() {
  return (
    <QueryClientProvider client={queryClient}>
      <BrowserRouter>
        {/* Told to the router as well, or links would carry yesterday's account and time range. */}
        <NuqsAdapter defaultOptions={{ shallow: false }}>
          <ErrorBoundary resetKey="">
            <AppRoutes />
          </ErrorBoundary>
          <Toaster />
          <LiveRegion />
          <TooltipLayer />
        </NuqsAdapter>
      </BrowserRouter>
    </QueryClientProvider>
  )
}
