/** Every story of the house, for those who play them all: digests, captures, measurements. */
import type { Story } from 'sallyport'
import { alwaysOn } from './always-on.ts'
import { certificateSelection } from './certificate-selection.ts'
import { certificates } from './certificates.ts'
import { connect } from './connect.ts'
import { connectFailures } from './connect-failures.ts'
import { connectSuites } from './connect-suites.ts'
import { connectTriggers } from './connect-triggers.ts'
import { connectUserFailures } from './connect-user-failures.ts'
import { dns } from './dns.ts'
import { enrolment } from './enrolment.ts'
import { firewallTables } from './firewall-tables.ts'
import { gateway } from './gateway.ts'
import { npsAccounts } from './nps-accounts.ts'
import { npsCertificates } from './nps-certificates.ts'
import { npsEap } from './nps-eap.ts'
import { npsPolicies } from './nps-policies.ts'
import { npsProxy } from './nps-proxy.ts'
import { npsRadius } from './nps-radius.ts'
import { npsUserCertificates } from './nps-user-certificates.ts'
import { perimeter } from './perimeter.ts'
import { relyingParties } from './relying-parties.ts'
import { sstp } from './sstp.ts'
import { strongMapping } from './strong-mapping.ts'
import { trafficFilters } from './traffic-filters.ts'
import { tutorial } from './tutorial.ts'

/** Those in which NPS decides, live. */
export const npsStories: readonly Story[] = [
  ...npsEap,
  ...npsUserCertificates,
  ...npsPolicies,
  ...npsAccounts,
  ...npsRadius,
  ...npsProxy,
]

export const stories: readonly Story[] = [
  ...perimeter,
  ...dns,
  ...certificates,
  ...enrolment,
  ...firewallTables,
  ...relyingParties,
  ...npsCertificates,
  ...npsStories,
  ...strongMapping,
  ...certificateSelection,
  ...connect,
  ...connectTriggers,
  ...alwaysOn,
  ...trafficFilters,
  ...connectFailures,
  ...connectUserFailures,
  ...connectSuites,
  ...sstp,
  ...gateway,
  ...tutorial,
]
