import {
  adlMaybe,
  adlString,
  adlStringMap,
  adlStruct,
  adlUnion,
  adlVector,
  adlWord32,
  mapped,
  voidBranch,
  type Decoder,
  type Field,
} from '../adl/decoder.ts'

/** Where releases or a piece of context come from; only `localdir` and `file` work in this version. */
export type ReleaseSource =
  | { readonly type: 's3'; readonly path: string }
  | { readonly type: 'localdir'; readonly path: string }

export type JsonSource =
  | { readonly type: 'file'; readonly path: string }
  | { readonly type: 's3'; readonly path: string }
  | { readonly type: 'awsSecretArn'; readonly arn: string }

export type CertificateMode =
  | { readonly type: 'generated' }
  | { readonly type: 'explicit'; readonly certificate: string; readonly key: string }

export type EndPointType =
  | { readonly type: 'httpOnly' }
  | { readonly type: 'httpsWithRedirect'; readonly certificate: CertificateMode }

export interface EndPoint {
  readonly serverNames: readonly string[]
  readonly etype: EndPointType
}

export interface ProxyModeConfig {
  readonly endPoints: ReadonlyMap<string, EndPoint>
  readonly remoteStateS3: string | undefined
  /** First port, and the port after the last. */
  readonly dynamicPortRange: { readonly v1: number; readonly v2: number }
  readonly nginxConfTemplatePath: string | undefined
}

export interface HealthCheckConfig {
  readonly incomingPath: string
  readonly outgoingPath: string
  readonly endpoint: string | undefined
}

/** camus2.json or camus2.yaml with every default filled in. */
export interface ToolConfig {
  readonly deploysDir: string
  readonly contextCache: string
  readonly logFile: string
  readonly letsencryptPrefixDir: string
  readonly letsencryptWwwDir: string
  readonly autoCertName: string
  readonly autoCertContactEmail: string
  readonly releases: ReleaseSource
  readonly configSources: ReadonlyMap<string, JsonSource>
  /** Undefined in mode `noproxy`. */
  readonly deployMode: ProxyModeConfig | undefined
  readonly healthCheck: HealthCheckConfig | undefined
  readonly nginxDockerImage: string
  readonly nginxDockerVersion: string
}

const releaseSource = adlUnion<ReleaseSource>('discriminator for BlobStoreConfig', {
  s3: mapped(adlString, (path) => ({ type: 's3', path })),
  localdir: mapped(adlString, (path) => ({ type: 'localdir', path })),
})

const jsonSource = adlUnion<JsonSource>('discriminator for JsonSource', {
  file: mapped(adlString, (path) => ({ type: 'file', path })),
  s3: mapped(adlString, (path) => ({ type: 's3', path })),
  awsSecretArn: mapped(adlString, (arn) => ({ type: 'awsSecretArn', arn })),
})

const certificateMode = adlUnion<CertificateMode>('discriminator for SslCertMode', {
  generated: voidBranch<CertificateMode>({ type: 'generated' }),
  explicit: mapped(
    adlStruct({ sslCertificate: { decode: adlString }, sslCertificateKey: { decode: adlString } }),
    (pair) => ({ type: 'explicit', certificate: pair.sslCertificate, key: pair.sslCertificateKey }),
  ),
})

const endPoint = adlStruct({
  serverNames: { decode: adlVector(adlString) },
  etype: {
    decode: adlUnion<EndPointType>('discriminator for EndPointType', {
      httpOnly: voidBranch<EndPointType>({ type: 'httpOnly' }),
      httpsWithRedirect: mapped(certificateMode, (certificate) => ({
        type: 'httpsWithRedirect',
        certificate,
      })),
    }),
  },
})

/** Checked like the rest; which machine this is matters only with remote state. */
const machineLabel = adlUnion<string | undefined>('discriminator for MachineLabel', {
  ec2InstanceId: voidBranch<string | undefined>(undefined),
  label: adlString,
})

const proxyMode: Decoder<ProxyModeConfig> = adlStruct({
  endPoints: { decode: adlStringMap(endPoint) },
  remoteStateS3: optional(adlMaybe(adlString), undefined),
  dynamicPortRange: optional(adlStruct({ v1: { decode: adlWord32 }, v2: { decode: adlWord32 } }), {
    v1: 8000,
    v2: 8100,
  }),
  slaveLabel: optional(machineLabel, undefined),
  slaveInterfaceName: optional(adlString, 'eth0'),
  nginxConfTemplatePath: optional(adlMaybe(adlString), undefined),
})

const healthCheck: Decoder<HealthCheckConfig> = adlStruct({
  incomingPath: { decode: adlString },
  outgoingPath: { decode: adlString },
  endpoint: optional(adlMaybe(adlString), undefined),
})

export const toolConfig: Decoder<ToolConfig> = adlStruct({
  deploysDir: optional(adlString, '/opt/deploys'),
  contextCache: optional(adlString, '/opt/config'),
  logFile: optional(adlString, '/opt/var/log/camus2.log'),
  letsencryptPrefixDir: optional(adlString, '/opt'),
  letsencryptWwwDir: optional(adlString, '/opt/var/www'),
  autoCertName: optional(adlString, 'camus2cert'),
  autoCertContactEmail: optional(adlString, ''),
  releases: { decode: releaseSource },
  configSources: optional(adlStringMap(jsonSource), new Map<string, JsonSource>()),
  deployMode: optional(
    adlUnion<ProxyModeConfig | undefined>('discriminator for DeployMode', {
      noproxy: voidBranch<ProxyModeConfig | undefined>(undefined),
      proxy: proxyMode,
    }),
    undefined,
  ),
  healthCheck: optional(adlMaybe(healthCheck), {
    incomingPath: '/health-check',
    outgoingPath: '/',
    endpoint: undefined,
  }),
  nginxDockerImage: optional(adlString, 'nginx'),
  nginxDockerVersion: optional(adlString, '1.21.3'),
})

function optional<T>(decode: Decoder<T>, fallback: T): Field<T> {
  return { decode, fallback: () => fallback }
}
