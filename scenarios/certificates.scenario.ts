/** The stories of `stories/certificates.ts`, each a test. */
import { scenarios } from 'sallyport/scenario'
import { certificates } from './stories/certificates.ts'

scenarios(certificates)
