/** The stories of `stories/sstp.ts`, each a test. */
import { scenarios } from 'sallyport/scenario'
import { sstp } from './stories/sstp.ts'

scenarios(sstp)
