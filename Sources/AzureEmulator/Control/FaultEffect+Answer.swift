extension FaultEffect {
    /// The answer with all that the fault does to its status, headers and body; the wire is `Transmission`'s.
    package func altered(_ original: Answer, for call: Call, azure: Azure) -> Answer {
        var answer = original
        if let error {
            answer = DocumentedError(rawValue: error)?.answer(for: call, azure: azure) ?? Answer(status: 500, json: [:])
        } else if replacesAnswer || (execute && (status != nil || body != nil)) {
            answer = Answer(status: status ?? original.status, json: ["error": ["code": "EmulatedFault"]])
        }
        if let status { answer.status = status }
        if let body { answer.body = body }
        if let redirect {
            answer = Answer(status: status ?? 302, headers: [("Location", redirect)])
        }
        if garbage { answer.body = Array("<!doctype html><p>\u{0}\u{1} this is {no \"JSON".utf8) + [0xFF, 0xFE, 0x80] }
        alterChallenge(&answer, call, azure)
        alterHeaders(&answer, call)
        if gzip {
            answer.body = Gzip.stored(answer.body)
            answer.set("Content-Encoding", "gzip")
        }
        return answer
    }

    private func alterHeaders(_ answer: inout Answer, _ call: Call) {
        if let contentType { answer.set("Content-Type", contentType) }
        if let retryAfter { answer.set("Retry-After", retryAfter) }
        if let retryAfterDate { answer.set("Retry-After", Moment.http(call.now + retryAfterDate)) }
        if let retryAfterMilliseconds { answer.set("retry-after-ms", String(retryAfterMilliseconds)) }
        for name in removedHeaders { answer.set(name, nil) }
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) { answer.set(name, value) }
    }

    private func alterChallenge(_ answer: inout Answer, _ call: Call, _ azure: Azure) {
        guard let challenge else { return }
        let tenant = azure.locked { $0.tenant }
        let authority = "\(azure.authority)/\(tenant)"
        let name = "WWW-Authenticate"
        switch challenge {
        case .insufficientClaims:
            guard call.header("authorization") != nil else { return }
            answer = Refusal.insufficientClaims(authority: authority, resource: azure.vaultResource).answer
        case .resource(let resource) where answer.status == 401:
            answer.set(name, "Bearer authorization=\"\(authority)\", resource=\"\(resource)\"")
        case .authority(let other) where answer.status == 401:
            answer.set(name, "Bearer authorization=\"\(other)\", resource=\"\(azure.vaultResource)\"")
        case .missing where answer.status == 401: answer.set(name, nil)
        case .malformed where answer.status == 401: answer.set(name, "Bearer authorization=")
        case .resource, .authority, .missing, .malformed: break
        }
    }
}

/// Gzip (RFC 1952) without any compression: enough to find out who takes a compressed body for a plain one.
package enum Gzip {
    package static func stored(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
        var rest = bytes[...]
        repeat {
            let block = rest.prefix(65_535)
            rest = rest.dropFirst(block.count)
            output.append(rest.isEmpty ? 1 : 0)
            output += littleEndian(UInt16(block.count)) + littleEndian(~UInt16(block.count)) + block
        } while !rest.isEmpty
        return output + littleEndian(checksum(bytes)) + littleEndian(UInt32(truncatingIfNeeded: bytes.count))
    }

    private static func littleEndian(_ value: some FixedWidthInteger & UnsignedInteger) -> [UInt8] {
        (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var value: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            value ^= UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? (value >> 1) ^ 0xEDB8_8320 : value >> 1 }
        }
        return ~value
    }
}
