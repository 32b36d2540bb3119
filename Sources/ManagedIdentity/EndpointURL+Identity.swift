import HTTPTransport
import LinuxSystem
import Secrets

// What an identity endpoint's URL is asked and checked for.
extension EndpointURL {
    /// The URL with parameters behind what it already asks.
    func asking(_ parameters: [(String, String)]) -> String {
        text + (query == nil ? "?" : "&") + formEncoded(parameters)
    }

    /// How a request to an identity endpoint of the machine gets there: never through a proxy, with TLS checked
    /// against the usual authorities where the environment says https.
    var identityPeer: HTTPRequest.Peer {
        scheme == "http" ? .machine : .tokenProxy(connect: hostAndPort, serverName: nil, authoritiesPEM: nil)
    }

    /// Whether the host is an address of the public internet, in whatever form, to which no identity header goes without
    /// TLS.
    ///
    /// Microsoft's clients send the header wherever the variable points. An endpoint of Azure's is on the machine, its
    /// link or the private network beside it; a name is believed, since it is the environment's own.
    var isPublicAddress: Bool {
        IPAddress(host).map { !$0.isPrivate } ?? false
    }
}

/// `application/x-www-form-urlencoded` pairs: everything but the unreserved characters of RFC 3986 as `%XX`.
func formEncoded(_ parameters: [(String, String)]) -> String {
    parameters.map { percentEncoded($0.0) + "=" + percentEncoded($0.1) }.joined(separator: "&")
}

/// One value of a form or query.
func percentEncoded(_ text: String) -> String {
    var encoded: [UInt8] = []
    for byte in text.utf8 {
        appendEncoded(byte) { encoded.append($0) }
    }
    return String(decoding: encoded, as: UTF8.self)
}

/// Gives the one or three bytes that stand for a byte in a form.
func appendEncoded(_ byte: UInt8, to sink: (UInt8) -> Void) {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        sink(byte)
    default:
        let digits = Array("0123456789ABCDEF".utf8)
        sink(UInt8(ascii: "%"))
        sink(digits[Int(byte >> 4)])
        sink(digits[Int(byte & 15)])
    }
}
