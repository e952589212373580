using System.Buffers.Binary;
using System.Security.Cryptography;
using Vesalius.Anonymisation;
using Vesalius.Archive.Storage;
using Vesalius.Database;

namespace Vesalius.Prearchive;

/// <summary>An object that a script failed on.</summary>
/// <param name="Id">Its name in the quarantine.</param>
/// <param name="Received">When it arrived.</param>
/// <param name="ProjectId">Project it was meant for; null if unassigned.</param>
/// <param name="Scope">site or project.</param>
/// <param name="Line">Line of the script.</param>
/// <param name="Position">Column.</param>
/// <param name="Statement">The statement as typed.</param>
/// <param name="Reason">What went wrong, without values.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Receiver">Where it came in.</param>
public sealed record QuarantinedObject(
    Guid Id, DateTime Received, string? ProjectId, string Scope, int? Line, int? Position, string Statement, string Reason, long Size, string Receiver);

/// <summary>Keeps objects that could not be de-identified, encrypted with a key of the data folder, until someone decides about them (R10).</summary>
/// <param name="folder">Quarantine folder.</param>
/// <param name="key">32 bytes.</param>
/// <param name="database">Database.</param>
public sealed class QuarantineStore(string folder, byte[] key, VesaliusDatabase database)
{
    private const int BlockLength = 1 << 20;
    private const int NonceLength = 12;
    private const int TagLength = 16;

    private string PathOf(Guid id) => Path.Combine(folder, id.ToString("N") + ".enc");

    /// <summary>Keeps an object: encrypted, flushed, recorded.</summary>
    /// <returns>Its name.</returns>
    public async Task<Guid> KeepAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> content, string? projectId, string scope, long scriptNumber, ScriptRunException? error, string reason, string receiver, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        var id = Guid.NewGuid();
        DurableFile.CreateFolder(folder);
        using (var cipher = new AesGcm(key, TagLength))
        using (var handle = File.OpenHandle(PathOf(id), FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.Asynchronous))
        {
            long position = 0;
            foreach (var part in content)
            {
                for (var offset = 0; offset < part.Length; offset += BlockLength)
                {
                    var block = Encrypt(cipher, part.Span.Slice(offset, Math.Min(BlockLength, part.Length - offset)));
                    await RandomAccess.WriteAsync(handle, block, position, cancellationToken).ConfigureAwait(false);
                    position += block.Length;
                }
            }

            DurableFile.Flush(handle);
        }

        DurableFile.FlushFolder(folder);
        await database.ExecuteAsync(
            """
            insert into prearchive_quarantine (id, project_id, scope, script_number, line, position, statement, reason, size, receiver)
            values (@id, @projectId, @scope, @scriptNumber, @line, @column, @statement, @reason, @size, @receiver)
            """,
            new
            {
                id, projectId, scope, scriptNumber, line = error?.Position.Line, column = error?.Position.Column, statement = error?.Statement ?? "",
                reason, size = content.Sum(c => (long)c.Length), receiver,
            },
            cancellationToken).ConfigureAwait(false);
        return id;
    }

    // Block: length, nonce, tag, ciphertext.
    private static byte[] Encrypt(AesGcm cipher, ReadOnlySpan<byte> plain)
    {
        var block = new byte[4 + NonceLength + TagLength + plain.Length];
        BinaryPrimitives.WriteInt32LittleEndian(block, plain.Length);
        var nonce = block.AsSpan(4, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        cipher.Encrypt(nonce, plain, block.AsSpan(4 + NonceLength + TagLength), block.AsSpan(4 + NonceLength, TagLength));
        return block;
    }

    /// <summary>Reads an object back in the clear, into memory.</summary>
    /// <exception cref="CryptographicException">The file was changed, or the key is another.</exception>
    public async Task<byte[]> ReadAsync(Guid id, CancellationToken cancellationToken)
    {
        var encrypted = await File.ReadAllBytesAsync(PathOf(id), cancellationToken).ConfigureAwait(false);
        using var cipher = new AesGcm(key, TagLength);
        using var plain = new MemoryStream();
        for (var position = 0; position < encrypted.Length;)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(encrypted.AsSpan(position));
            var block = new byte[length];
            cipher.Decrypt(
                encrypted.AsSpan(position + 4, NonceLength), encrypted.AsSpan(position + 4 + NonceLength + TagLength, length), encrypted.AsSpan(position + 4 + NonceLength, TagLength), block);
            plain.Write(block);
            position += 4 + NonceLength + TagLength + length;
        }

        return plain.ToArray();
    }

    /// <summary>All objects kept, newest first.</summary>
    public Task<IReadOnlyList<QuarantinedObject>> ListAsync(CancellationToken cancellationToken) => database.QueryAsync<QuarantinedObject>(
        "select id, received, project_id, scope, line, position, statement, reason, size, receiver from prearchive_quarantine order by received desc limit 10000", null, cancellationToken);

    /// <summary>Removes an object for good.</summary>
    /// <returns>False if there is none of this name.</returns>
    public async Task<bool> RemoveAsync(Guid id, CancellationToken cancellationToken)
    {
        var removed = await database.ExecuteAsync("delete from prearchive_quarantine where id = @id", new { id }, cancellationToken).ConfigureAwait(false);
        File.Delete(PathOf(id));
        return removed > 0;
    }
}
