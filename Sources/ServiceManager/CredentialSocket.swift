package import LinuxSystem

/// The socket under which any unit's credentials can be asked for.
package struct CredentialSocket {
    private let listeners: ListeningSockets
    /// More at once wait for the next round.
    private static let most = 256

    /// Takes over what the manager handed in; nil where that is not what this command can serve.
    package init?(descriptors: [Int32]) {
        guard let listeners = ListeningSockets(adopting: descriptors) else { return nil }
        self.listeners = listeners
    }

    /// Waits for somebody who asks, at most this long, and returns all that ask then; empty when nobody did.
    package func next(within limit: Duration) -> [CredentialClient] {
        listeners.accept(waitingAtMost: limit, count: Self.most).map { CredentialClient($0) }
    }
}

/// One who asks for one credential. A connection that ends without an answer is refused: the manager takes a closed one
/// for an empty credential, and the unit would start.
package final class CredentialClient {
    /// What is asked for; nil where the peer is not the system's manager, or says nothing that can be understood.
    package let request: CredentialRequest?
    private let peer: LocalPeer
    private var isAnswered = false

    /// The manager loads at most 1 MiB and fails the unit's start beyond it. The words are for whoever reads the socket
    /// by hand.
    private static let refusal = Array(
        repeatElement(Array("refused: the journal says why\n".utf8), count: 40_000).joined())
    private static let patience = Duration.seconds(5)

    package init(_ peer: LocalPeer) {
        self.peer = peer
        request = peer.user == 0 ? CredentialRequest(address: peer.address) : nil
    }

    /// The user who asks.
    package var user: UInt32 { peer.user }

    /// Sends a credential. An empty one is refused.
    package func answer(_ bytes: Span<UInt8>) throws(SystemError) {
        guard !bytes.isEmpty else { return refuse() }
        isAnswered = true
        try peer.send(bytes, before: .now + Self.patience)
    }

    /// Makes the unit's start fail.
    package func refuse() {
        isAnswered = true
        // It has failed as soon as the peer has read enough; whoever goes before that has no credential either.
        try? peer.send(Self.refusal.span, before: .now + Self.patience)
    }

    deinit {
        if !isAnswered { refuse() }
    }
}
