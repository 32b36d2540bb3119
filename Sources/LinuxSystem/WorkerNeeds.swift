import CLinux

/// What a worker still needs once it has sent its plan. It gives up everything else before it connects to the network.
package struct WorkerNeeds: Equatable, Sendable {
    /// Capabilities by their numbers (capabilities(7)).
    package enum Capability: Int, Sendable, CaseIterable {
        case changeOwner = 0
        case overrideAccess = 1
        case readEverything = 2
        case actAsOwner = 3
        case setGroup = 6
        case setUser = 7
    }

    package var capabilities: Set<Capability> = []
    /// The owner of what is delivered.
    package var user: UInt32
    package var group: UInt32
    /// Whether it accesses files as that user while it delivers.
    package var changesIdentity = false
    /// The modes of what is delivered.
    package var modes: Set<UInt32> = []
    /// Whether it starts a program.
    package var startsProgram = false

    package init(user: UInt32, group: UInt32) {
        self.user = user
        self.group = group
    }
}

extension Confinement {
    /// Drops what the process does not need. To be called while it has one thread. Throws the error of the call that
    /// was refused.
    package static func keepOnly(_ needs: WorkerNeeds) throws(SystemError) {
        let kept = needs.capabilities.reduce(UInt64(0)) { $0 | 1 << UInt64($1.rawValue) }
        let code = clinux_keep_capabilities(kept)
        guard code == 0 else { throw SystemError(call: "capset", code: code) }
        // A program (az) may do all of this.
        guard !needs.startsProgram else { return }
        let modes = needs.modes.sorted()
        let refusal = unsafe modes.withUnsafeBufferPointer { list in
            var request = unsafe clinux_needs()
            unsafe request.user = needs.user
            unsafe request.group = needs.group
            unsafe request.changes_identity = needs.changesIdentity
            unsafe request.modes = list.baseAddress
            unsafe request.mode_count = list.count
            return unsafe clinux_deny_after_plan(&request)
        }
        guard refusal == 0 else { throw SystemError(call: "seccomp", code: refusal) }
    }
}
