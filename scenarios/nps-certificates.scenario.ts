/** The stories of `stories/nps-certificates.ts`, each a test. */
import { scenarios } from 'sallyport/scenario'
import { npsCertificates } from './stories/nps-certificates.ts'

scenarios(npsCertificates)
