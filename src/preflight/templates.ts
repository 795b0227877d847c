/**
 * The deployment guide's rules on certificate templates, and on the CA and the domain behind them (CA-01 … CA-04, AD-05, RAS-07, NPS-07).
 * What the guide gives no number is TPL-… Not denials: {@link ./enrolment.ts} tells who gets no certificate.
 */
import { ekuOids, serves, templateOf, type Template } from '../directory/templates.ts'
import { EKU_OIDS } from '../pki/encoding/oids.ts'
import type { Topology } from '../topology/topology.ts'
import type { PreflightRule, TopologyFinding } from './finding.ts'

type Said = Pick<TopologyFinding, 'severity' | 'rule' | 'message' | 'fix'> & {
  /** Below the template. */
  readonly at: readonly string[]
}

const templatesOf = (topology: Topology): readonly Template[] =>
  Object.entries(topology.templates ?? {}).map(([key, spec]) => templateOf(key, spec))

/** A rule over each template. */
const forTemplates =
  (judge: (template: Template) => readonly Said[]): PreflightRule =>
  (topology) =>
    templatesOf(topology).flatMap((template) =>
      judge(template).map(({ at, ...said }) => ({
        ...said,
        path: ['templates', template.key, ...at],
      })),
    )

/** CA-01: a template that no CA issues. */
export const unpublishedTemplates: PreflightRule = (topology) =>
  templatesOf(topology)
    .filter(({ key }) =>
      Object.values(topology.authorities).every(({ templates = [] }) => !templates.includes(key)),
    )
    .map(({ key, displayName }) => ({
      rule: 'CA-01',
      severity: 'error',
      message: `no authority issues '${displayName}'`,
      fix: 'add it at the CA: Certificate Templates, New, Certificate Template to Issue',
      path: ['templates', key],
    }))

/** CA-03 and CA-04: what an issuing CA of people's certificates needs. */
export const issuingAuthorities: PreflightRule = (topology) => {
  const people = templatesOf(topology).filter(
    (template) => template.subjectType === 'user' && serves(template, 'clientAuth'),
  )
  return Object.entries(topology.authorities).flatMap(([key, authority]): TopologyFinding[] => {
    const issues = people.some((template) => authority.templates?.includes(template.key))
    if (!issues || topology.directory === undefined) return []
    const isTrusted = topology.directory.ntAuth?.includes(key) === true
    return [
      ...(isTrusted
        ? []
        : [
            {
              rule: 'CA-03',
              severity: 'error' as const,
              message: `${key} is not in the NTAuth store: NPS refuses whom it certified`,
              fix: 'publish it: certutil -dspublish -f ca.cer NTAuthCA',
              path: ['directory'],
            },
          ]),
      ...(authority.sidExtension === false
        ? [
            {
              rule: 'CA-04',
              severity: 'error' as const,
              message: `${key} writes no SID extension: a KDC that enforces strong mapping refuses whom it certified`,
              fix: 'install the updates of May 2022 (KB5014754) on the CA',
              path: ['authorities', key, 'sidExtension'],
            },
          ]
        : []),
    ]
  })
}

/** AD-05: permissions to autoenrol that no policy makes use of. */
export const autoenrolmentPolicy: PreflightRule = (topology) => {
  const { directory } = topology
  if (directory === undefined) return []
  return (['user', 'computer'] as const).flatMap((half): TopologyFinding[] => {
    if (directory.autoenrolment?.[half] === true) return []
    const meant = templatesOf(topology).find(
      ({ subjectType, permissions }) =>
        subjectType === half && [...permissions.values()].some((r) => r.includes('autoenroll')),
    )
    if (meant === undefined) return []
    return [
      {
        rule: 'AD-05',
        severity: 'error',
        message: `'${meant.displayName}' grants Autoenroll, but Group Policy does not turn it on for ${half}s`,
        fix: `enable Certificate Services Client - Auto-Enrollment in the ${half} half, with both boxes`,
        path: ['directory'],
      },
    ]
  })
}

/** Rights that do nothing without another. */
export const templatePermissions = forTemplates(({ permissions, displayName }) => {
  const all = new Set([...permissions.values()].flat())
  return [...permissions].flatMap(([group, rights]): Said[] => {
    const base = { severity: 'error', at: ['permissions'], rule: 'TPL-01' } as const
    if (rights.includes('enroll') && !all.has('read')) {
      return [
        {
          ...base,
          message: `${group} may enrol by '${displayName}' and not read it: it is never offered`,
          fix: 'grant Read as well',
        },
      ]
    }
    return rights.includes('autoenroll') && !all.has('enroll')
      ? [
          {
            ...base,
            message: `${group} may autoenrol by '${displayName}' and not enrol`,
            fix: 'grant Enroll as well',
          },
        ]
      : []
  })
})

/** How keys are made. */
export const templateKeys = forTemplates((template) => {
  const { schemaVersion, providers, displayName, exportable, minimumKeySize, hash } = template
  const isPersonal = template.subjectType === 'user' && serves(template, 'clientAuth')
  const usesKsp = providers.some((provider) => provider !== 'legacy-csp')
  const said: (Said | false)[] = [
    usesKsp &&
      schemaVersion < 3 && {
        rule: 'TPL-02',
        severity: 'error',
        message: `'${displayName}' wants a key storage provider, which templates of version ${schemaVersion} do not know`,
        fix: 'set its compatibility to Windows Server 2008 or later before anything else',
        at: ['schemaVersion'],
      },
    providers.every((provider) => provider === 'tpm') && {
      rule: 'TPL-03',
      severity: 'warning',
      message: `'${displayName}' makes keys in a TPM only: without one, no provider is found`,
      fix: 'allow the Microsoft Software Key Storage Provider as the second',
      at: ['providers'],
    },
    isPersonal &&
      exportable && {
        rule: 'TPL-04',
        severity: 'warning',
        message: `the private keys of '${displayName}' may be exported`,
        fix: 'clear Allow private key to be exported',
        at: ['exportable'],
      },
    minimumKeySize < 2048 && {
      rule: 'TPL-05',
      severity: 'warning',
      message: `'${displayName}' allows keys of ${minimumKeySize} bits`,
      fix: 'set the minimum key size to 2048',
      at: ['minimumKeySize'],
    },
    hash === 'sha1' && {
      rule: 'TPL-05',
      severity: 'warning',
      message: `requests by '${displayName}' are signed with SHA-1`,
      fix: 'choose SHA256 as request hash',
      at: ['hash'],
    },
  ]
  return said.filter((each) => each !== false)
})

/** What the people who judge the certificate look for: NPS a UPN and a purpose, clients a subject and a purpose. */
export const templateContents = forTemplates((template) => {
  const { base, subject, subjectType, displayName } = template
  const builds = subject.from === 'directory'
  const said: (Said | false)[] = [
    subjectType === 'user' &&
      !serves(template, 'clientAuth') && {
        rule: 'TPL-06',
        severity: 'error',
        message: `'${displayName}' is not for client authentication: NPS refuses it`,
        fix: 'add Client Authentication to the application policies',
        at: ['eku'],
      },
    subjectType === 'user' &&
      builds &&
      !(subject.upn || subject.spn) && {
        rule: 'TPL-07',
        severity: 'error',
        message: `'${displayName}' leaves the user principal name out: NPS finds no account for it`,
        fix: 'include the User principal name in the alternate subject name',
        at: ['subject'],
      },
    base === 'RAS and IAS Server' &&
      !serves(template, 'serverAuth') && {
        rule: 'NPS-07',
        severity: 'error',
        message: `'${displayName}' is not for server authentication: no client believes its holder`,
        fix: 'add Server Authentication to the application policies',
        at: ['eku'],
      },
    base === 'RAS and IAS Server' &&
      builds &&
      subject.name === 'none' && {
        rule: 'NPS-07',
        severity: 'error',
        message: `'${displayName}' leaves the subject empty: NPS does not offer such a certificate`,
        fix: 'choose Common name or DNS name as subject name format',
        at: ['subject'],
      },
    base === 'Workstation Authentication' &&
      serves(template, 'clientAuth') &&
      !ekuOids(template).includes(EKU_OIDS.ikeIntermediate) && {
        rule: 'TPL-08',
        severity: 'warning',
        message: `'${displayName}' has no IP security IKE intermediate: beside another client certificate, IKE may pick the wrong one (13801)`,
        fix: 'add IP security IKE intermediate to the application policies',
        at: ['eku'],
      },
  ]
  return said.filter((each) => each !== false)
})
