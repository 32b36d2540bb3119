import FoundationEssentials
import HTTPTransport
import Secrets

/// The JSON of a token endpoint's answers, from every source.
enum TokenAnswer {
    private struct Token: Decodable {
        var token: String?
        var expiresOn: FlexibleText?
        var expiresIn: FlexibleText?
        var echo: Echo

        private enum Key: String, CodingKey {
            case access_token, expires_on, expires_in, client_id, object_id, msi_res_id, mi_res_id
        }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: Key.self)
            token = try fields.decodeIfPresent(String.self, forKey: .access_token)
            expiresOn = try fields.decodeIfPresent(FlexibleText.self, forKey: .expires_on)
            expiresIn = try fields.decodeIfPresent(FlexibleText.self, forKey: .expires_in)
            // What is only compared may be of any form.
            let text = { (key: Key) in try? fields.decodeIfPresent(String.self, forKey: key) }
            echo = Echo(
                clientID: text(.client_id), objectID: text(.object_id),
                resourceID: text(.msi_res_id) ?? text(.mi_res_id))
        }
    }

    /// The ids that an answer names as the ones it was given for; to be compared, never to be shown.
    struct Echo {
        var clientID: String?
        var objectID: String?
        var resourceID: String?
    }

    /// Reads a 200's body.
    static func token(
        _ body: borrowing SecretBytes, kind: IdentityKind, resource: String, now: Int64
    ) throws(IdentityError) -> (token: AccessToken, echo: Echo) {
        guard let answer: Token = decoded(body) else {
            throw .answer(kind, problem: "the token's answer is not the JSON it should be")
        }
        guard !(body.withBytes { hasMemberTwice($0) }) else {
            throw .answer(kind, problem: "the token's answer has a member twice")
        }
        guard let token = answer.token, !token.isEmpty else {
            throw .answer(kind, problem: "the answer holds no token")
        }
        guard let expiry = expiry(on: answer.expiresOn?.text, in: answer.expiresIn?.text, now: now) else {
            throw .answer(kind, problem: "the answer's expiry is no number and no date")
        }
        return (try accessToken(token, expiresOn: expiry, kind: kind, resource: resource), answer.echo)
    }

    /// Moves a token's text into secret memory; what can't stand in a header is refused.
    static func accessToken(
        _ text: String, expiresOn: Int64, kind: IdentityKind, resource: String
    ) throws(IdentityError) -> AccessToken {
        guard text.utf8.allSatisfy({ (0x21..<0x7F).contains($0) }) else {
            throw .answer(kind, problem: "the token holds what no header can hold")
        }
        let secret = SharedSecret(SecretBytes(copying: Array(text.utf8).span))
        return AccessToken(secret: secret, expiresOn: expiresOn, resource: resource)
    }

    /// An hour where the answer says nothing at all (what Microsoft's own client assumes).
    private static func expiry(on: String?, in lifetime: String?, now: Int64) -> Int64? {
        if let on, !on.isEmpty { return Expiry.seconds(on) }
        guard let lifetime, !lifetime.isEmpty else { return now + 3600 }
        guard let seconds = Int64(lifetime), (0...(1 << 40)).contains(seconds) else { return nil }
        return now + seconds
    }

    /// Decodes a body; nil for what is not UTF-8, not JSON, too deep or of other types.
    static func decoded<Value: Decodable>(_ body: borrowing SecretBytes) -> Value? {
        let data = body.withBytes { bytes in Data(bytes.indices.map { bytes[$0] }) }
        return try? JSONDecoder().decode(Value.self, from: data)
    }
}

/// What a refusal says, in those parts that may be looked at.
struct ErrorAnswer {
    /// The error's own short word, where it is one of letters and underscores: anything else may be an id.
    let word: String?
    /// The number behind `AADSTS`.
    let entraCode: Int?
    private let text: String

    init(_ body: borrowing SecretBytes) {
        let parsed: Parsed? = TokenAnswer.decoded(body)
        word = parsed?.word.flatMap { word in
            (1...40).contains(word.utf8.count) && word.allSatisfy { $0.isASCII && ($0.isLetter || $0 == "_") }
                ? word : nil
        }
        text =
            parsed?.text
            ?? body.withBytes { bytes in
                String(decoding: (0..<min(bytes.count, 4096)).map { bytes[$0] }, as: UTF8.self)
            }
        entraCode = parsed?.codes?.first ?? Self.entraCode(in: text)
    }

    /// Whether the error's text holds a phrase, without regard to case.
    func mentions(_ phrase: String) -> Bool {
        text.lowercased().contains(phrase)
    }

    /// The number behind the first `AADSTS` of a text.
    static func entraCode(in text: String) -> Int? {
        guard let mark = text.firstRange(of: "AADSTS") else { return nil }
        return Int(text[mark.upperBound...].prefix { $0.isASCII && $0.isNumber }.prefix(9))
    }

    /// OAuth errors (`error` is a word), Service Fabric's (`error` is an object), App Service's (`message`, or
    /// `Message` in the older version).
    private struct Parsed: Decodable {
        var word: String?
        var text: String
        var codes: [Int]?

        private struct Nested: Decodable {
            var code: String?
            var message: String?
        }

        private enum Key: String, CodingKey {
            case error, error_description, error_codes, message, Message
        }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: Key.self)
            let nested = try? fields.decode(Nested.self, forKey: .error)
            word = nested?.code ?? (try? fields.decode(String.self, forKey: .error))
            codes = try? fields.decode([Int].self, forKey: .error_codes)
            let texts = [Key.error_description, .message, .Message].compactMap {
                try? fields.decode(String.self, forKey: $0)
            }
            text = ([word, nested?.message].compactMap { $0 } + texts).joined(separator: " ")
        }
    }
}

/// A member that some endpoints write as a number and others as text.
struct FlexibleText: Decodable {
    let text: String

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            text = ""
        } else if let number = try? value.decode(Int64.self) {
            text = String(number)
        } else if let number = try? value.decode(Double.self), number.isFinite, abs(number) < 1e15 {
            text = String(Int64(number))
        } else {
            text = try value.decode(String.self)
        }
    }
}
