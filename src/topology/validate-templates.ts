/**
 * Templates that mean nothing: permissions of groups that nobody has, OIDs that are none, spans of no time.
 * Not an opinion: a template without Read, or one whose keys may be exported, is what people rehearse; `check` speaks of it.
 */
import type { Complaint, Problems } from './problems.ts'
import type { TemplateSpec } from './templates.ts'
import type { Topology } from './topology.ts'
import { textComplaint, unknownGroup } from './validate-directory.ts'
import { spanComplaint } from './validate-pki.ts'
import { unknownName } from './values.ts'

export function validateTemplates(t: Topology, problems: Problems): void {
  for (const [key, template] of Object.entries(t.templates ?? {})) {
    validateTemplate(t, template, problems.at(key))
  }
}

function validateTemplate(t: Topology, template: TemplateSpec, problems: Problems): void {
  const { displayName, oid, eku, permissions, supersedes = [], certificate } = template
  if (displayName !== undefined) problems.at('displayName').add(textComplaint(displayName))
  if (oid !== undefined) problems.at('oid').add(oidComplaint(oid))
  if (eku?.length === 0) problems.at('eku').add('is empty: leave it out for those of the base')
  for (const group of Object.keys(permissions)) {
    problems.at('permissions', group).add(unknownGroup(t, group))
  }
  for (const span of ['validFor', 'renewBefore'] as const) {
    const written = template[span]
    if (written !== undefined) problems.at(span).add(spanComplaint(written))
  }
  supersedes.forEach((key, i) =>
    problems.at('supersedes', i).add(unknownName('template', key, t.templates ?? {})),
  )
  if (certificate !== undefined) problems.at('certificate').add(textComplaint(certificate))
}

const oidComplaint = (text: string): Complaint =>
  /^[0-2](\.(0|[1-9]\d{0,9})){2,30}$/.test(text)
    ? undefined
    : `'${text}' is not an object identifier such as 1.3.6.1.4.1.311.21.8.1.2.3`
