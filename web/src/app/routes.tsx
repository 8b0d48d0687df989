import { lazy } from 'react'
import { Route, Routes } from 'react-router'
import { AppFrame } from './AppFrame'
import { SessionGate } from './SessionGate'

const SignInPage = lazy(() => import('@/pages/SignInPage'))
const SignInCompletePage = lazy(() => import('@/pages/SignInCompletePage'))
const ForgotPasswordPage = lazy(() => import('@/pages/ForgotPasswordPage'))
const ResetPasswordPage = lazy(() => import('@/pages/ResetPasswordPage'))
const VerifyEmailPage = lazy(() => import('@/pages/VerifyEmailPage'))
const InvitationPage = lazy(() => import('@/pages/InvitationPage'))
const DevicePage = lazy(() => import('@/pages/DevicePage'))
const AuthorizePage = lazy(() => import('@/pages/AuthorizePage'))
const DashboardPage = lazy(() => import('@/pages/DashboardPage'))
const ResourcesPage = lazy(() => import('@/pages/ResourcesPage'))
const ResourcePage = lazy(() => import('@/pages/ResourcePage'))
const ResourceOverviewPage = lazy(() => import('@/pages/ResourceOverviewPage'))
const TopologyPage = lazy(() => import('@/pages/TopologyPage'))
const ChangesPage = lazy(() => import('@/pages/ChangesPage'))
const AlertsPage = lazy(() => import('@/pages/AlertsPage'))
const AlertRulesPage = lazy(() => import('@/pages/AlertRulesPage'))
const AlertRulePage = lazy(() => import('@/pages/AlertRulePage'))
const AlertRuleEditPage = lazy(() => import('@/pages/AlertRuleEditPage'))
const IntegrationsPage = lazy(() => import('@/pages/IntegrationsPage'))
const MetricsPage = lazy(() => import('@/pages/MetricsPage'))
const ImportRulesPage = lazy(() => import('@/pages/ImportRulesPage'))
const AnomaliesPage = lazy(() => import('@/pages/AnomaliesPage'))
const CostPage = lazy(() => import('@/pages/CostPage'))
const CompliancePage = lazy(() => import('@/pages/CompliancePage'))
const AccountsPage = lazy(() => import('@/pages/AccountsPage'))
const JobsPage = lazy(() => import('@/pages/JobsPage'))
const ProfilePage = lazy(() => import('@/pages/ProfilePage'))
const SecurityPage = lazy(() => import('@/pages/SecurityPage'))
const SettingsLayout = lazy(() => import('@/pages/settings/SettingsLayout'))
const OrganizationPage = lazy(() => import('@/pages/settings/OrganizationPage'))
const BrandingPage = lazy(() => import('@/pages/settings/BrandingPage'))
const QuotasPage = lazy(() => import('@/pages/settings/QuotasPage'))
const UsagePage = lazy(() => import('@/pages/settings/UsagePage'))
const MembersPage = lazy(() => import('@/pages/settings/MembersPage'))
const RolesPage = lazy(() => import('@/pages/settings/RolesPage'))
const IdentityProvidersPage = lazy(() => import('@/pages/settings/IdentityProvidersPage'))
const ApiKeysPage = lazy(() => import('@/pages/settings/ApiKeysPage'))
const AuditPage = lazy(() => import('@/pages/settings/AuditPage'))
const EncryptionKeysPage = lazy(() => import('@/pages/settings/EncryptionKeysPage'))
const NotFoundPage = lazy(() => import('@/pages/NotFoundPage'))

/** Every page is a part of its own, loaded when it is first opened. `pageInfo.ts` says what the frame shows for each. */
export function AppRoutes() {
  return (
    <Routes>
      <Route element={<SessionGate />}>
        <Route path="sign-in" element={<SignInPage />} />
        <Route path="sign-in/complete" element={<SignInCompletePage />} />
        <Route path="forgot-password" element={<ForgotPasswordPage />} />
        <Route path="reset-password" element={<ResetPasswordPage />} />
        <Route path="verify-email" element={<VerifyEmailPage />} />
        <Route path="invitation" element={<InvitationPage />} />
        <Route path="device" element={<DevicePage />} />
        <Route path="authorize" element={<AuthorizePage />} />
        <Route element={<AppFrame />}>
          <Route index element={<DashboardPage />} />
          <Route path="resources" element={<ResourcesPage />} />
          <Route path="resources/overview" element={<ResourceOverviewPage />} />
          <Route path="resources/:resourceId" element={<ResourcePage />} />
          <Route path="alerts" element={<AlertsPage />} />
          <Route path="alerts/rules" element={<AlertRulesPage />} />
          <Route path="alerts/rules/new" element={<AlertRuleEditPage key="new" />} />
          <Route path="alerts/rules/import" element={<ImportRulesPage />} />
          <Route path="alerts/rules/:ruleId" element={<AlertRulePage />} />
          <Route path="alerts/rules/:ruleId/edit" element={<AlertRuleEditPage key="edit" />} />
          <Route path="integrations" element={<IntegrationsPage />} />
          <Route path="explore" element={<MetricsPage />} />
          <Route path="metrics/anomalies" element={<AnomaliesPage />} />
          <Route path="cost" element={<CostPage />} />
          <Route path="compliance" element={<CompliancePage />} />
          <Route path="topology" element={<TopologyPage />} />
          <Route path="changes" element={<ChangesPage />} />
          <Route path="accounts" element={<AccountsPage />} />
          <Route path="jobs" element={<JobsPage />} />
          <Route path="profile" element={<ProfilePage />} />
          <Route path="profile/security" element={<SecurityPage />} />
          <Route path="settings" element={<SettingsLayout />}>
            <Route index element={null} />
            <Route path="organization" element={<OrganizationPage />} />
            <Route path="branding" element={<BrandingPage />} />
            <Route path="quotas" element={<QuotasPage />} />
            <Route path="usage" element={<UsagePage />} />
            <Route path="members" element={<MembersPage />} />
            <Route path="roles" element={<RolesPage />} />
            <Route path="identity-providers" element={<IdentityProvidersPage />} />
            <Route path="api-keys" element={<ApiKeysPage />} />
            <Route path="audit-log" element={<AuditPage />} />
            <Route path="encryption-keys" element={<EncryptionKeysPage />} />
            <Route path="*" element={<NotFoundPage />} />
          </Route>
          <Route path="*" element={<NotFoundPage />} />
        </Route>
      </Route>
    </Routes>
  )
}
