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
            answer.body = bodySize.map(Gzip.bomb) ?? Gzip.stored(answer.body)
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
        case .twice where answer.status == 401:
            let foreign = "Bearer authorization=\"\(authority)\", resource=\"https://vault.example.net\""
            answer.headers.insert((name, foreign), at: 0)
        case .resource, .authority, .missing, .malformed, .twice: break
        }
    }
}

/// Gzip (RFC 1952) without any compression, or of spaces alone: enough to find out who takes a compressed body for a
/// plain one, and who unpacks without a limit.
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

    /// So many spaces, or some more: one block with fixed codes (RFC 1951, 3.2.6), a space and then copies of 258. The
    /// checksum is zero: who finds that out has unpacked all of it.
    package static func bomb(_ size: Int) -> [UInt8] {
        var output: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
        let copies = (max(size, 1) + 256) / 258
        // The last block, fixed codes; a space is literal 32, whose code is 0x50.
        var bits: [UInt8] = [1, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0]
        // Length 258 is code 285 (0xC5), distance 1 is code 0; the end is code 256.
        for _ in 0..<copies { bits += [1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0] }
        bits += Array(repeating: 0, count: 7)
        for start in stride(from: 0, to: bits.count, by: 8) {
            let byte = bits[start..<min(start + 8, bits.count)]
            output.append(byte.enumerated().reduce(0) { $0 | $1.element << UInt8($1.offset) })
        }
        return output + littleEndian(UInt32(0)) + littleEndian(UInt32(truncatingIfNeeded: 1 + copies * 258))
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
