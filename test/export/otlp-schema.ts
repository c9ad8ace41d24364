import root from '@opentelemetry/otlp-transformer/build/src/generated/root.js';

/** A message class of protobufjs, generated from an official .proto file; the package types the root as one without any. */
interface Message { encode(message: object): { finish(): Uint8Array }; decode(bytes: Uint8Array): object; fromObject(json: object): object; toObject(message: object, options: { longs: typeof String }): object }
const { opentelemetry } = root as unknown as { opentelemetry: { proto: { collector: { metrics: { v1: { ExportMetricsServiceRequest: Message } } } } } };
const Request = opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;

/** JSON -> protobuf bytes -> JSON: a field that the schema does not have is lost on the way, a value of a wrong type changes or throws. */
export function throughOtlpSchema(text: string): unknown {
  const bytes = Request.encode(Request.fromObject(JSON.parse(text) as object)).finish();
  // As plain JSON: the objects of protobufjs have prototypes of their own.
  return JSON.parse(JSON.stringify(Request.toObject(Request.decode(bytes), { longs: String })));
}
