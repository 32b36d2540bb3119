import Glibc
import Synchronization

/// Anonymous memory for secrets: not in core dumps, wiped before it is given back (madvise(2), explicit_bzero(3)).
@safe
final class SecretMemory: @unchecked Sendable {
    private let start: UnsafeMutablePointer<UInt8>
    private let mapped: Int
    let capacity: Int

    /// Maps at least `capacity` bytes, all zero; nothing for 0 bytes. Running out of memory ends the process: a worker
    /// is replaceable.
    init(capacity: Int) {
        let size = (capacity + 4095) & ~4095
        mapped = size
        self.capacity = size
        guard size > 0 else {
            unsafe start = .allocate(capacity: 1)
            return
        }
        if size == 4096, let page = unsafe SparePages.take() {
            unsafe start = page
            return
        }
        let address = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else {
            preconditionFailure("no memory for secrets")
        }
        _ = unsafe madvise(address, size, MADV_DONTDUMP)
        unsafe start = address.bindMemory(to: UInt8.self, capacity: size)
    }

    deinit {
        guard mapped > 0 else {
            unsafe start.deallocate()
            return
        }
        unsafe explicit_bzero(start, mapped)
        if mapped == 4096, unsafe SparePages.keep(start) { return }
        _ = unsafe munmap(start, mapped)
    }

    func write(_ bytes: Span<UInt8>, at offset: Int) {
        precondition(offset >= 0 && bytes.count <= capacity - offset)
        unsafe bytes.withUnsafeBufferPointer { source in
            if let base = source.baseAddress {
                unsafe memcpy(start + offset, base, source.count)
            }
        }
    }

    func withBytes<Value: ~Copyable, Failure: Error>(
        at offset: Int, count: Int, _ body: (Span<UInt8>) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        precondition(offset >= 0 && count >= 0 && count <= capacity - offset)
        let bytes = unsafe UnsafeBufferPointer(start: start + offset, count: count)
        return try unsafe body(bytes.span)
    }

    func withMutableBytes<Failure: Error>(
        count: Int, _ body: (inout MutableSpan<UInt8>) throws(Failure) -> Void
    ) throws(Failure) {
        precondition(count >= 0 && count <= capacity)
        let bytes = unsafe UnsafeMutableBufferPointer(start: start, count: count)
        var span = unsafe bytes.mutableSpan
        try body(&span)
    }
}

/// Wiped pages for the next secrets: an answer's body needs one for a moment, hundreds of times.
@safe
private enum SparePages {
    private static let most = 8
    private static let addresses = Mutex<[UInt]>([])

    static func take() -> UnsafeMutablePointer<UInt8>? {
        unsafe addresses.withLock { $0.popLast() }.flatMap { unsafe UnsafeMutablePointer(bitPattern: $0) }
    }

    /// Takes a page over; false where there are enough.
    static func keep(_ page: UnsafeMutablePointer<UInt8>) -> Bool {
        let address = UInt(bitPattern: page)
        return addresses.withLock { addresses in
            guard addresses.count < most else { return false }
            addresses.append(address)
            return true
        }
    }
}
