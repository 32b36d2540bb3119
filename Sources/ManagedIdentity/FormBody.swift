import Secrets

/// A form that may hold secrets, built in secret memory from the start.
struct FormBody: ~Copyable {
    private var buffer = SecretBuffer()

    mutating func add(_ name: String, _ value: String) {
        begin(name)
        append(Array(percentEncoded(value).utf8))
    }

    mutating func add(_ name: String, _ value: SharedSecret) {
        begin(name)
        value.withBytes { bytes in
            for index in bytes.indices {
                appendEncoded(bytes[index]) { append([$0]) }
            }
        }
    }

    consuming func encoded() -> SharedSecret {
        SharedSecret(buffer.frozen())
    }

    private mutating func begin(_ name: String) {
        append(Array((buffer.count == 0 ? "" : "&").utf8) + Array(percentEncoded(name).utf8) + [UInt8(ascii: "=")])
    }

    private mutating func append(_ bytes: [UInt8]) {
        buffer.append(bytes.span)
    }
}
