package import LinuxSystem

/// The socket under which any unit's credentials can be asked for.
package struct CredentialSocket {
    private let library: SystemdLibrary
    private let listeners: ListeningSockets
    /// More at once wait for the next round.
    private static let most = 256

    /// Takes over what the service manager handed to this process; nil where that is not what this command can serve.
    package init?(_ library: SystemdLibrary, _ variable: (String) -> String?) {
        let descriptors = library.listenDescriptors(variable)
        guard !descriptors.isEmpty, descriptors.allSatisfy({ library.isListening($0) }) else { return nil }
        self.library = library
        listeners = ListeningSockets(adopting: descriptors)
    }

    /// Before the process ends: nobody is left without an answer.
    package func end() { LocalPeer.refuseAll(within: .seconds(5)) }

    /// Waits for somebody who asks, at most this long, and returns all that ask then; empty when nobody did.
    package func next(within limit: Duration) -> [CredentialClient] {
        listeners.accept(waitingAtMost: limit, count: Self.most).map {
            CredentialClient($0, unit: library.unit(of: $0))
        }
    }
}

/// One who asks for one credential. A connection that ends without an answer is refused: the manager takes a closed one
/// for an empty credential, and the unit would start.
package final class CredentialClient {
    /// What is asked for; nil where the peer is not what the manager starts for the unit that the address names.
    ///
    /// Root can bind any address. What asks for a unit runs in that unit's own control group: the manager's child, or its
    /// executor, has been put there before it loads credentials (systemd's src/core/exec-invoke.c).
    package let request: CredentialRequest?
    /// What the address asks for, whoever has bound it.
    package let claim: CredentialRequest?
    /// The unit that the peer runs in; nil where that can't be told.
    package let unit: String?
    private let peer: LocalPeer
    private var isAnswered = false

    private static let timeLimit = Duration.seconds(5)

    package init(_ peer: LocalPeer, unit: String?) {
        self.peer = peer
        self.unit = unit
        claim = CredentialRequest(address: peer.address)
        request = peer.user == 0 && unit != nil && claim?.unit == unit ? claim : nil
    }

    /// The user who asks.
    package var user: UInt32 { peer.user }

    /// Sends a credential. An empty one is refused.
    package func answer(_ bytes: Span<UInt8>) throws(SystemError) {
        guard !bytes.isEmpty else { return refuse() }
        try peer.send(bytes, before: .now + Self.timeLimit)
        peer.finish()
        isAnswered = true
    }

    /// Makes the unit's start fail.
    package func refuse() {
        isAnswered = true
        peer.refuse(within: Self.timeLimit)
    }

    deinit {
        if !isAnswered { refuse() }
    }
}
