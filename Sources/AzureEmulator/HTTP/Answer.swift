/// A whole response, before a fault does anything to it.
package struct Answer: Equatable, Sendable {
    package var status: Int
    /// In the order in which they are sent.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// JSON with the media type that Azure gives it.
    package init(status: Int = 200, json: JSON, headers: [(name: String, value: String)] = []) {
        self.init(
            status: status, headers: [("Content-Type", "application/json; charset=utf-8")] + headers, body: json.bytes)
    }

    package init(status: Int = 200, text: String) {
        self.init(status: status, headers: [("Content-Type", "text/plain; charset=utf-8")], body: Array(text.utf8))
    }

    /// Puts a header in place of every one of the same name.
    package mutating func set(_ name: String, _ value: String?) {
        let lowercased = name.lowercased()
        headers.removeAll { $0.name.lowercased() == lowercased }
        if let value { headers.append((name, value)) }
    }

    package func header(_ name: String) -> String? {
        let lowercased = name.lowercased()
        return headers.first { $0.name.lowercased() == lowercased }?.value
    }

    package static func == (left: Answer, right: Answer) -> Bool {
        left.status == right.status && left.body == right.body
            && left.headers.elementsEqual(right.headers) { $0.name == $1.name && $0.value == $1.value }
    }
}

/// An error that is answered, and how; what the routes of every endpoint throw.
package struct Refusal: Error, Sendable {
    package var answer: Answer

    package init(_ answer: Answer) { self.answer = answer }
}
