/**
 * What is wrong with a ProfileXML, or unwise: every rule over one file. Needs no topology; with one, more rules have something to say.
 * The rules stand in the files beside this one, in the order of their numbers.
 */
import { err, ok, type Result } from '../../base/result.ts'
import type { SourceFile } from '../../topology/files.ts'
import { inspectProfile } from '../../windows/profile-xml.ts'
import { present, type ProfileProblem } from '../../windows/xml-values.ts'
import { SEVERITIES } from '../finding.ts'
import { CRYPTOGRAPHY_RULES } from './cryptography.ts'
import { DELIVERY_RULES } from './delivery.ts'
import { DOCUMENT_RULES } from './document.ts'
import { EAP_RULES } from './eap.ts'
import { asWritten, planner, value, writtenAt, type Written } from './edits.ts'
import { FILTER_RULES } from './filters.ts'
import { NAME_RESOLUTION_RULES } from './name-resolution.ts'
import { NAME_RULES } from './names.ts'
import { NATIVE_RULES } from './native.ts'
import { ROUTE_RULES } from './routes.ts'
import {
  error,
  type ProfileContext,
  type ProfileFinding,
  type ProfileRule,
  type Said,
  type Subject,
} from './rule.ts'

export const PROFILE_RULES: readonly ProfileRule[] = [
  ...DELIVERY_RULES,
  ...NAME_RULES,
  ...NAME_RESOLUTION_RULES,
  ...FILTER_RULES,
  ...NATIVE_RULES,
  ...CRYPTOGRAPHY_RULES,
  ...EAP_RULES,
  ...ROUTE_RULES,
  ...DOCUMENT_RULES,
].toSorted((a, b) => (a.id < b.id ? -1 : 1))

/** Which rule speaks about values of an element that Windows does not take. */
const RULE_OF_ELEMENT: Readonly<Record<string, string>> = {
  'DomainNameInformation/DnsServers': 'L13',
  'TrafficFilter/Protocol': 'L18',
  'TrafficFilter/LocalPortRanges': 'L19',
  'TrafficFilter/RemotePortRanges': 'L19',
  'TrafficFilter/LocalAddressRanges': 'L19',
  'TrafficFilter/RemoteAddressRanges': 'L19',
  'NativeProtocol/Type': 'L31',
  'ProtocolList/RetryTimeInHours': 'L31',
  'Eap/Configuration': 'L40',
  'EapHostConfig/EapMethod': 'L41',
  'EapMethod/Type': 'L41',
  'Eap/Type': 'L41',
  'ServerValidation/TrustedRootCA': 'L43',
  'CAHashList/IssuerHash': 'L43',
  'EKUMap/EKUOID': 'L45',
  'EKUMapInList/EKUName': 'L45',
  'Route/PrefixSize': 'L47',
  'VPNProfile/NetworkOutageTime': 'L53',
  'VPNProfile/IPv4InterfaceMetric': 'L53',
  'VPNProfile/IPv6InterfaceMetric': 'L53',
  'VPNProfile/DataEncryption': 'L53',
}

function ruleOf({ code, element = '', type }: ProfileProblem): string {
  if (code === 'xml' || code === 'not-a-profile') return 'L54'
  if (type === 'boolean') return 'L56'
  if (element.startsWith('CryptographySuite/')) return 'L34'
  const owner = RULE_OF_ELEMENT[element]
  if (owner !== undefined && (code === 'bad-value' || owner === 'L41')) return owner
  return code === 'missing' ? 'PX-01' : 'PX-02'
}

export interface LintedProfile {
  /** Errors first; within a severity, as they stand in the file. */
  readonly findings: readonly ProfileFinding[]
  /** Rules that said nothing, or less than they could, for want of a topology. */
  readonly skipped: readonly SkippedRule[]
}

export interface SkippedRule {
  readonly rule: string
  readonly about: string
  readonly skipped: 'all' | 'part'
}

/** `context` undefined: there is no topology. The error: the file is no XML, or no profile. */
export function lintProfile(
  file: SourceFile,
  context?: ProfileContext,
): Result<LintedProfile, ProfileProblem & { readonly rule: string }> {
  const inspected = inspectProfile(file)
  if (!inspected.ok) return err({ ...inspected.error, rule: ruleOf(inspected.error) })
  const subject: Subject = { file, ...inspected.value, context: context ?? {} }
  const written = asWritten(file.text)
  const carryOut = planner(written)
  const findings = PROFILE_RULES.flatMap((rule) =>
    saidBy(rule, subject, written).map(
      ({ at: { line, column }, plan, ...said }): ProfileFinding => ({
        rule: rule.id,
        ...said,
        source: rule.source,
        ...present('edits', plan && carryOut(plan)),
        at: { file: file.path, line, column },
      }),
    ),
  )
  return ok({
    findings: findings.toSorted(byWeight),
    skipped: context === undefined ? NEEDS_TOPOLOGY : [],
  })
}

const NEEDS_TOPOLOGY: readonly SkippedRule[] = PROFILE_RULES.flatMap(
  ({ id, about, withTopology }) =>
    withTopology === undefined ? [] : [{ rule: id, about, skipped: withTopology }],
)

function saidBy(rule: ProfileRule, subject: Subject, written: Written): readonly Said[] {
  const values = subject.problems
    .filter((problem) => ruleOf(problem) === rule.id)
    .map((problem) => badValue(rule, problem, written))
  const judged = rule.judge?.(subject) ?? []
  return [...values, ...judged.filter((said) => said !== false && said !== undefined)]
}

function badValue(
  { respell, valueFix = 'write a value that Windows takes' }: ProfileRule,
  problem: ProfileProblem,
  file: Written,
): Said {
  const { message, line, column } = problem
  const at = { line, column }
  const right = respell?.(problem, writtenAt(file, at))
  if (right !== undefined) return error(at, message, `write ${right}`, value(at, right))
  return error(at, message, typeof valueFix === 'string' ? valueFix : valueFix(problem))
}

/** Errors first, then by place. */
export const byWeight = (a: ProfileFinding, b: ProfileFinding): number =>
  SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
  a.at.line - b.at.line ||
  a.at.column - b.at.column
