/**
 * The shape of NPS's settings, and of those of the RADIUS clients that ask it, for zod.
 * Not the meaning: whether names exist and patterns can be read is `validate-nps.ts`.
 */
import { z } from 'zod'
import type { Duration } from '../base/time.ts'
import {
  WEEKDAYS,
  type AuthenticationMethods,
  type ConnectionRequestPolicySpec,
  type EapTypeSpec,
  type NetworkPolicySpec,
  type NpsConditions,
  type RadiusServerSpec,
  type WeeklyHours,
} from './nps.ts'
import { flag, opt, text, texts } from './schema-words.ts'
import type { ServiceTimeSpec } from './service-time.ts'

type Durations = z.ZodType<Duration>

const port = z.int().min(1).max(65_535)
const numbers = z.array(z.int().min(0).max(0xffff_ffff))

export const weeklyHours: z.ZodType<readonly WeeklyHours[]> = z.array(
  z.strictObject({ days: opt(z.array(z.enum(WEEKDAYS))), from: opt(text), to: opt(text) }),
)

export const serviceTimeShape = (duration: Durations): z.ZodType<ServiceTimeSpec> =>
  z.strictObject({
    each: duration,
    workers: opt(z.int().min(1).max(65_536)),
    queue: opt(z.int().min(0).max(1_000_000)),
  })

export const radiusServerShape = (duration: Durations): z.ZodType<RadiusServerSpec> =>
  z.strictObject({
    server: opt(text),
    address: opt(text),
    secret: text,
    port: opt(port),
    accountingPort: opt(port),
    timeout: opt(duration),
    score: opt(z.int().min(0).max(255)),
    sendsMessageAuthenticator: opt(flag),
  })

const vendor = z.enum(['standard', 'microsoft'])

const conditions: z.ZodType<NpsConditions> = z
  .strictObject({
    windowsGroups: opt(texts),
    userGroups: opt(texts),
    machineGroups: opt(texts),
    dayAndTime: opt(weeklyHours),
    userName: opt(text),
    nasIdentifier: opt(text),
    nasIpv4Address: opt(text),
    nasIpv6Address: opt(text),
    clientFriendlyName: opt(text),
    clientIpv4Address: opt(text),
    clientIpv6Address: opt(text),
    calledStationId: opt(text),
    callingStationId: opt(text),
    clientVendor: opt(vendor),
    msRasVendor: opt(text),
    nasPortType: opt(numbers),
    framedProtocol: opt(numbers),
    serviceType: opt(numbers),
    tunnelType: opt(numbers),
    authenticationType: opt(
      z.array(z.enum(['pap', 'chap', 'ms-chap', 'ms-chap-v2', 'eap', 'unauthenticated'])),
    ),
    allowedEapTypes: opt(z.array(z.enum(['peap', 'tls', 'mschapv2']))),
    locationGroups: opt(texts),
  })
  .meta({ id: 'npsConditions' })

const eapType: z.ZodType<EapTypeSpec> = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('peap'),
    certificate: opt(text),
    inner: z.array(z.enum(['tls', 'mschapv2'])),
    fastReconnect: opt(flag),
    requiresCryptoBinding: opt(flag),
    allowsPasswordChange: opt(flag),
  }),
  z.strictObject({ type: z.literal('tls'), certificate: opt(text) }),
  z.strictObject({ type: z.literal('mschapv2'), allowsPasswordChange: opt(flag) }),
])

const methods: z.ZodType<AuthenticationMethods> = z
  .strictObject({
    eap: opt(z.array(eapType)),
    msChapV2: opt(flag),
    msChapV2PasswordChange: opt(flag),
    msChap: opt(flag),
    chap: opt(flag),
    pap: opt(flag),
    unauthenticated: opt(flag),
  })
  .meta({ id: 'authenticationMethods' })

const connectionRequestPolicy: z.ZodType<ConnectionRequestPolicySpec> = z.strictObject({
  name: text,
  enabled: opt(flag),
  conditions: opt(conditions),
  provider: opt(z.union([z.enum(['local', 'accept']), z.strictObject({ forwardTo: text })])),
  authentication: opt(methods),
  accountingTo: opt(text),
  rewritesUserName: opt(z.strictObject({ find: text, replace: text })),
})

const networkPolicyShape = (duration: Durations): z.ZodType<NetworkPolicySpec> =>
  z.strictObject({
    name: text,
    enabled: opt(flag),
    conditions: opt(conditions),
    access: z.enum(['grant', 'deny']),
    ignoresDialIn: opt(flag),
    constraints: opt(
      z.strictObject({
        authentication: opt(methods),
        idleTimeout: opt(duration),
        sessionTimeout: opt(duration),
        calledStationId: opt(text),
        dayAndTime: opt(weeklyHours),
        nasPortTypes: opt(numbers),
      }),
    ),
    attributes: opt(
      z.array(z.strictObject({ name: text, value: z.union([text, z.int().min(0)]) })),
    ),
    framedMtu: opt(z.int().min(64).max(1500)),
    allowedCertificateOids: opt(texts),
  })

export const npsShape = (duration: Durations) =>
  z.strictObject({
    service: z.literal('nps'),
    certificate: opt(text),
    clients: opt(
      z.array(
        z.strictObject({
          name: text,
          address: text,
          secret: text,
          enabled: opt(flag),
          vendor: opt(vendor),
          requiresMessageAuthenticator: opt(flag),
        }),
      ),
    ),
    connectionRequestPolicies: opt(z.array(connectionRequestPolicy)),
    networkPolicies: opt(z.array(networkPolicyShape(duration))),
    remoteGroups: opt(z.record(text, z.array(radiusServerShape(duration)))),
    authenticationPorts: opt(z.array(port)),
    accountingPorts: opt(z.array(port)),
    accounting: opt(
      z.strictObject({
        format: opt(z.enum(['dts', 'odbc', 'ias', 'none'])),
        diskFree: opt(z.int().min(0)),
        discardsWhenLoggingFails: opt(flag),
      }),
    ),
    audit: opt(z.strictObject({ success: opt(flag), failure: opt(flag) })),
    requireMessageAuthenticator: opt(flag),
    limitProxyState: opt(flag),
    allowsClientRanges: opt(flag),
    firewallSidFixed: opt(flag),
    extension: opt(z.enum(['passes', 'discards', 'fails', 'rejects'])),
    tlsMaximum: opt(z.enum(['1.2', '1.3'])),
    eapTimeout: opt(duration),
    requestTime: opt(serviceTimeShape(duration)),
  })
