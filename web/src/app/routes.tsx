import { lazy } from 'react'
import { Route, Routes } from 'react-router'
import { AppFrame } from './AppFrame'
import { SessionGate } from './SessionGate'

const SignInPage = lazy(() => import('@/pages/SignInPage'))
const DashboardPage = lazy(() => import('@/pages/DashboardPage'))
const ResourcesPage = lazy(() => import('@/pages/ResourcesPage'))
const ResourcePage = lazy(() => import('@/pages/ResourcePage'))
const AlertsPage = lazy(() => import('@/pages/AlertsPage'))
const CostPage = lazy(() => import('@/pages/CostPage'))
const CompliancePage = lazy(() => import('@/pages/CompliancePage'))
const AccountsPage = lazy(() => import('@/pages/AccountsPage'))
const JobsPage = lazy(() => import('@/pages/JobsPage'))
const ProfilePage = lazy(() => import('@/pages/ProfilePage'))
const NotFoundPage = lazy(() => import('@/pages/NotFoundPage'))

/** Every page is a part of its own, loaded when it is first opened. `pageInfo.ts` says what the frame shows for each. */
export function AppRoutes() {
  return (
    <Routes>
      <Route element={<SessionGate />}>
        <Route path="sign-in" element={<SignInPage />} />
        <Route element={<AppFrame />}>
          <Route index element={<DashboardPage />} />
          <Route path="resources" element={<ResourcesPage />} />
          <Route path="resources/:resourceId" element={<ResourcePage />} />
          <Route path="alerts" element={<AlertsPage />} />
          <Route path="cost" element={<CostPage />} />
          <Route path="compliance" element={<CompliancePage />} />
          <Route path="accounts" element={<AccountsPage />} />
          <Route path="jobs" element={<JobsPage />} />
          <Route path="profile" element={<ProfilePage />} />
          <Route path="*" element={<NotFoundPage />} />
        </Route>
      </Route>
    </Routes>
  )
}
