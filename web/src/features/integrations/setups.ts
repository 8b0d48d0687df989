/** How senders are set up for this installation, as `docs/agents.md` has it. */
export const SENDERS = ['prometheus', 'otlp', 'nodeExporter'] as const
export type Sender = (typeof SENDERS)[number]

export function addressOf(sender: Sender, origin: string): string {
  return sender === 'otlp' ? `${origin}/ingest/v1/metrics` : `${origin}/ingest/prometheus/write`
}

const SETUPS: Record<Sender, (address: string) => string> = {
  prometheus: (address) => `global:
  scrape_interval: 30s
scrape_configs:
  - job_name: node
    static_configs:
      - targets: ["localhost:9100"]
remote_write:
  - url: ${address}
    authorization:
      credentials_file: /etc/prometheus/cloudops.key
`,
  otlp: (address) => `receivers:
  hostmetrics:
    collection_interval: 30s
    scrapers: {cpu: {}, memory: {}, disk: {}, filesystem: {}, network: {}}
processors:
  resourcedetection:
    detectors: [env, ec2, gcp, azure, system]
  batch: {}
exporters:
  otlphttp:
    metrics_endpoint: ${address}
    headers:
      authorization: Bearer \${env:CLOUDOPS_KEY}
service:
  pipelines:
    metrics:
      receivers: [hostmetrics]
      processors: [resourcedetection, batch]
      exporters: [otlphttp]
`,
  nodeExporter: (address) => `scrape_configs:
  - job_name: node
    static_configs:
      - targets: ["localhost:9100"]
        labels:
          cloud_provider: aws
          host_id: i-0123456789abcdef0
remote_write:
  - url: ${address}
    authorization:
      credentials_file: /etc/prometheus/cloudops.key
`,
}

export const setupOf = (sender: Sender, origin: string): string => SETUPS[sender](addressOf(sender, origin))

/** What each cloud must grant so that its metrics can be read. */
export const CLOUD_GRANTS = {
  aws: `{
  "Version": "2012-10-17",
  "Statement": [
    { "Effect": "Allow", "Action": "cloudwatch:GetMetricData", "Resource": "*" }
  ]
}
`,
  gcp: 'gcloud projects add-iam-policy-binding PROJECT_ID --member serviceAccount:SERVICE_ACCOUNT --role roles/monitoring.viewer\n',
  azure:
    'az role assignment create --assignee CLIENT_ID --role "Monitoring Reader" --scope /subscriptions/SUBSCRIPTION_ID\n',
} as const
