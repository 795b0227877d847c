/** The stories of `stories/enrolment.ts`, each a test. */
import { scenarios } from 'sallyport/scenario'
import { enrolment } from './stories/enrolment.ts'

scenarios(enrolment)
