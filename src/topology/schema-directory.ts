/**
 * The shape of what Active Directory brings into a topology, for zod: the domain, certificate templates, and the certificates of nodes.
 * Not the meaning: whether names exist is `validate-directory.ts` and `validate-templates.ts`.
 */
import { z } from 'zod'
import type { Duration } from '../base/time.ts'
import type { ComputerSpec, DirectorySpec, UserSpec } from './directory.ts'
import { REVOCATION_REASONS, type CertificateSpec } from './pki.ts'
import { flag, mirrorSource, opt, text, texts } from './schema-words.ts'
import { weeklyHours } from './schema-nps.ts'
import type { TemplateSpec } from './templates.ts'

type Durations = z.ZodType<Duration>

const eku = z
  .enum([
    'serverAuth',
    'clientAuth',
    'ikeIntermediate',
    'smartCardLogon',
    'anyPurpose',
    'encryptingFileSystem',
    'emailProtection',
    'ocspSigning',
  ])
  .meta({ id: 'eku' })

export function templateShape(duration: Durations): z.ZodType<TemplateSpec> {
  return z.strictObject({
    base: z.enum([
      'User',
      'Computer',
      'Workstation Authentication',
      'RAS and IAS Server',
      'Web Server',
      'OCSP Response Signing',
    ]),
    displayName: opt(text),
    oid: opt(text),
    schemaVersion: opt(z.union([1, 2, 3, 4].map((n) => z.literal(n as 1 | 2 | 3 | 4)))),
    majorVersion: opt(z.int().min(0).max(0x7fff_ffff)),
    minorVersion: opt(z.int().min(0).max(0x7fff_ffff)),
    subject: opt(
      z.strictObject({
        from: opt(z.enum(['directory', 'request'])),
        name: opt(z.enum(['common-name', 'distinguished-name', 'dns-name', 'none'])),
        emailInSubject: opt(flag),
        email: opt(flag),
        dns: opt(flag),
        upn: opt(flag),
        spn: opt(flag),
      }),
    ),
    eku: opt(z.array(eku)),
    validFor: opt(duration),
    renewBefore: opt(duration),
    permissions: z.record(text, z.array(z.enum(['read', 'enroll', 'autoenroll']))),
    exportable: opt(flag),
    providers: opt(z.array(z.enum(['tpm', 'software-ksp', 'legacy-csp']))),
    minimumKeySize: opt(z.int().min(512).max(16_384)),
    hash: opt(z.enum(['sha1', 'sha256', 'sha384', 'sha512'])),
    publishInAd: opt(flag),
    supersedes: opt(texts),
    certificate: opt(text),
  })
}

export function certificateShape(duration: Durations): z.ZodType<CertificateSpec> {
  return z.strictObject({
    name: text,
    issuer: opt(text),
    subject: opt(text),
    dns: opt(texts),
    upn: opt(texts),
    eku: opt(z.array(eku)),
    validFrom: opt(duration),
    validFor: opt(duration),
    revoked: opt(
      z.strictObject({
        at: duration,
        reason: z.enum(REVOCATION_REASONS),
        releasedAt: opt(duration),
      }),
    ),
    sendsChain: opt(flag),
    mirrors: opt(mirrorSource),
    template: opt(text),
    for: opt(text),
    request: opt(
      z.strictObject({
        subject: opt(text),
        dns: opt(texts),
        upn: opt(texts),
        sid: opt(text),
        keySize: opt(z.int().min(512).max(16_384)),
      }),
    ),
  })
}

export function directoryShape(duration: Durations): z.ZodType<DirectorySpec> {
  const account = {
    created: opt(duration),
    disabled: opt(flag),
    expires: opt(duration),
    sid: opt(text),
    altSecurityIdentities: opt(texts),
    dialIn: opt(z.enum(['allow', 'deny', 'policy'])),
    callerId: opt(text),
    framedIpAddress: opt(text),
  }
  const user: z.ZodType<UserSpec> = z.strictObject({
    ...account,
    name: opt(text),
    upn: opt(text),
    mail: opt(text),
    locked: opt(flag),
    password: opt(text),
    passwordSet: opt(duration),
    mustChangePassword: opt(flag),
    passwordNeverExpires: opt(flag),
    reversibleEncryption: opt(flag),
    smartCardRequired: opt(flag),
    logonHours: opt(weeklyHours),
    remoteAccessLocked: opt(flag),
  })
  const computer: z.ZodType<ComputerSpec> = z.strictObject({
    ...account,
    joined: opt(flag),
    dnsName: opt(text),
  })
  return z.strictObject({
    domain: text,
    netbios: opt(text),
    users: opt(z.record(text, user)),
    computers: opt(z.record(text, computer)),
    groups: opt(z.record(text, texts)),
    autoenrolment: opt(z.strictObject({ user: opt(flag), computer: opt(flag) })),
    ntAuth: opt(texts),
    passwordPolicy: opt(
      z.strictObject({
        maximumAge: opt(duration),
        minimumLength: opt(z.int().min(0)),
        complexity: opt(flag),
        lockoutThreshold: opt(z.int().min(0)),
      }),
    ),
    trustedDomains: opt(texts),
    kdc: opt(
      z.strictObject({
        strongCertificateBindingEnforcement: opt(
          z.union([z.literal(0), z.literal(1), z.literal(2)]),
        ),
        certificateBackdatingCompensation: opt(duration),
        updatedUntil: opt(text),
      }),
    ),
  })
}
