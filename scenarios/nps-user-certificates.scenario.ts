/** The stories of `stories/nps-user-certificates.ts`, each a test. */
import { scenarios } from 'sallyport/scenario'
import { npsUserCertificates } from './stories/nps-user-certificates.ts'

scenarios(npsUserCertificates)
