/**
 * Who will find no certificate where one is wanted: requests that a CA denies, and gateways whose certificate lacks what IKE looks for.
 * The CA's own answer is asked, not guessed: `directory/enrolments.ts` decides here as in a lab.
 */
import { directoryOf } from '../directory/accounts.ts'
import { enrolmentsOf, enterpriseOf } from '../directory/enrolments.ts'
import { serves, templateOf } from '../directory/templates.ts'
import { instant } from '../base/time.ts'
import type { EnrolmentOutcome } from '../pki/issuing/plan.ts'
import type { Topology } from '../topology/topology.ts'
import type { PreflightRule, TopologyFinding } from './finding.ts'
import { vpnGatewaysOf } from './inventory.ts'

function outcomesOf(topology: Topology): readonly EnrolmentOutcome[] {
  const start = instant(topology.start)
  const directory = directoryOf(topology, start)
  if (directory === undefined) return []
  return enrolmentsOf(enterpriseOf(topology, directory, start)).outcomes
}

/** ENR-01: a request that the CA turns down. */
export const deniedEnrolments: PreflightRule = (topology) =>
  outcomesOf(topology).flatMap(({ node, name, by, denial }): TopologyFinding[] => {
    if (denial === undefined) return []
    const spec = topology.nodes[node]
    const listed = spec?.kind === 'switch' ? [] : (spec?.certificates ?? [])
    const index = listed.findIndex((certificate) => certificate.name === name)
    return [
      {
        rule: 'ENR-01',
        severity: 'error',
        message: `${node} gets no certificate '${name}' by ${by}: ${denial.message} (${denial.code} ${denial.name})`,
        fix: `needed is ${denial.expected}; there is ${denial.got}`,
        path: ['nodes', node, ...(index < 0 ? [] : ['certificates', index])],
      },
    ]
  })

/** RAS-07: the certificate that a gateway shows to IKE. */
export const gatewayCertificates: PreflightRule = (topology) =>
  vpnGatewaysOf(topology).flatMap(({ name, node, service }): TopologyFinding[] => {
    const index = (node.certificates ?? []).findIndex((each) => each.name === service.certificate)
    const spec = node.certificates?.[index]
    const written = spec?.template === undefined ? undefined : topology.templates?.[spec.template]
    if (spec?.template === undefined || written === undefined) return []
    const template = templateOf(spec.template, written)
    const base = { rule: 'RAS-07', severity: 'warning' } as const
    const at = ['nodes', name, 'certificates', index]
    const names = spec.dns ?? spec.request?.dns ?? []
    return [
      ...(serves(template, 'ikeIntermediate') || spec.eku !== undefined
        ? []
        : [
            {
              ...base,
              message: `'${template.displayName}' has no IP security IKE intermediate: beside another server certificate, IKE may pick the wrong one (13801)`,
              fix: 'add IP security IKE intermediate to the application policies',
              path: ['templates', template.key, 'eku'],
            },
          ]),
      ...(template.subject.from === 'request' && names.length === 0
        ? [
            {
              ...base,
              message: `the certificate '${spec.name}' of ${name} has no DNS name beside its subject`,
              fix: 'request the name that clients dial as an alternative name (DNS), too',
              path: at,
            },
          ]
        : []),
    ]
  })
