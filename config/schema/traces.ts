/** The schema of `traces`: where the spans of requests are sent, how many, and what they say of paths. */
import { choice, map, number, orNull, text } from './schema-builders.ts'

export const traces = orNull(
  map(
    {
      endpoint: text('traceEndpoint', {
        title: 'Collector',
        description:
          'The address to which the gate sends spans: OTLP over HTTP, as JSON. Its path usually is `/v1/traces`, its port 4318.',
        example: 'http://127.0.0.1:4318/v1/traces'
      }),
      headersFile: orNull(
        text('file', {
          title: 'Headers, from a file',
          description:
            'A file with headers for the collector, one in each line: `Authorization: Bearer …`. The gate reads it for each batch, so a token in it may be renewed.',
          example: '/run/secrets/traces-headers'
        })
      ),
      ca: orNull(
        text('file', {
          title: 'Authorities',
          description:
            'PEM file with the authorities that the gate trusts for the collector. Without it, the gate trusts those that Node.js knows.',
          example: 'collector-ca.pem'
        })
      ),
      sample: number(
        {
          title: 'Share',
          description:
            'The share of requests whose spans are sent: 0.1 is one of ten. A trace that a trusted proxy has begun keeps the decision of the proxy.',
          default: 0.1,
          example: 1
        },
        0,
        1
      ),
      name: text('line', {
        title: 'Name',
        description: 'The name of the gate in traces (`service.name`).',
        default: 'factorgate',
        example: 'factorgate-lab'
      }),
      path: choice(['none', 'segment'], {
        title: 'Paths',
        description:
          'What a span says of the path inside an app. `none`: nothing. `segment`: the first segment, which in some apps is the name of a person.',
        default: 'none',
        example: 'segment'
      })
    },
    {
      title: 'Traces',
      description:
        'OpenTelemetry traces: a span for each request and for each request to an app. Apps get the header `traceparent`. Without it there are none, and the headers of clients stay as they are. See docs/traces.md.'
    }
  )
)
