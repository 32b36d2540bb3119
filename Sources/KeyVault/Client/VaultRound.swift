import HTTPTransport
import LinuxSystem
import Secrets

/// Requests that are made together: all of a fetch, one page of a list. Each is waiting, under way, or ended.
struct VaultRound {
    /// A request under way, since the gate's epoch, with the token of this generation.
    struct Flight {
        let index: Int
        let epoch: Int
        let generation: Int
    }

    var calls: [VaultCall]
    let retryPolicy: RetryPolicy
    /// A failure that does not pass was met: what is under way is awaited, what was not tried is tried once, so that
    /// one run names all that is wrong, but nothing is waited for.
    var isHopeless = false
    /// Those that wait, by vault, in order.
    private(set) var waiting: [VaultAddress: [Int]]
    private(set) var flying: [HTTPTicket: Flight] = [:]

    init(_ calls: [VaultCall], retryPolicy: RetryPolicy) {
        self.calls = calls
        self.retryPolicy = retryPolicy
        waiting = Dictionary(grouping: calls.indices) { calls[$0].vault }
    }

    var isOver: Bool { flying.isEmpty && waiting.allSatisfy(\.value.isEmpty) }

    /// A request that waited is under way.
    mutating func fly(_ index: Int, _ ticket: HTTPTicket, epoch: Int, generation: Int) {
        withdraw(index)
        flying[ticket] = Flight(index: index, epoch: epoch, generation: generation)
    }

    /// A request is under way no more.
    mutating func land(_ ticket: HTTPTicket) -> Flight? {
        flying.removeValue(forKey: ticket)
    }

    /// A request that has landed waits again, in front of those that were not tried.
    mutating func wait(_ index: Int, until notBefore: BootInstant, after error: VaultError?) {
        calls[index].notBefore = notBefore
        calls[index].error = error
        waiting[calls[index].vault, default: []].insert(index, at: 0)
    }

    /// A request has ended in failure, whether it waited or has landed.
    mutating func end(_ index: Int, with error: VaultError) {
        var error = error
        error.subject = calls[index].subject
        calls[index].error = error
        withdraw(index)
    }

    /// Ends all that wait for a vault with the failure of one of them.
    mutating func endWaiting(for vault: VaultAddress, like error: VaultError) {
        for index in waiting[vault] ?? [] { end(index, with: error) }
    }

    private mutating func withdraw(_ index: Int) {
        let vault = calls[index].vault
        // Nearly always the first in line: with a thousand of them a search would cost more than the request.
        if waiting[vault]?.first == index {
            waiting[vault]?.removeFirst()
        } else {
            waiting[vault]?.removeAll { $0 == index }
        }
    }
}
