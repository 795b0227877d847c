/** The stories of `stories/nps-eap.ts`, each a test. */
import { scenarios } from 'sallyport/scenario'
import { npsEap } from './stories/nps-eap.ts'

scenarios(npsEap)
