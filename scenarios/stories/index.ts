/** Every story of the house, for those who play them all: digests, captures, measurements. */
import type { Story } from 'sallyport'
import { certificateSelection } from './certificate-selection.ts'
import { certificates } from './certificates.ts'
import { dns } from './dns.ts'
import { enrolment } from './enrolment.ts'
import { firewallTables } from './firewall-tables.ts'
import { npsCertificates } from './nps-certificates.ts'
import { perimeter } from './perimeter.ts'
import { relyingParties } from './relying-parties.ts'
import { strongMapping } from './strong-mapping.ts'

export const stories: readonly Story[] = [
  ...perimeter,
  ...dns,
  ...certificates,
  ...enrolment,
  ...firewallTables,
  ...relyingParties,
  ...npsCertificates,
  ...strongMapping,
  ...certificateSelection,
]
