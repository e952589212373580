using Vesalius.Anonymisation.Pixels;

namespace Vesalius.Deidentification.Benchmark;

/// <summary>Pictures: draws text of patients, looks for it, and scores what was found.</summary>
internal static class PictureRun
{
    public static async Task<PictureScore> RunAsync(string data, string fonts, int seed, int pictures)
    {
        var planting = new PicturePlanting(await Backgrounds.ReadAsync(data), fonts);
        var score = new PictureScore();
        await Parallel.ForAsync(0, pictures + (pictures / 3), async (i, cancellationToken) =>
        {
            var clean = i >= pictures;
            var picture = planting.Make(seed, clean ? i - pictures : i, clean);
            var found = await BurnedInText.FindAsync(picture.Object, Picture.TransferSyntaxUid, null, cancellationToken);
            lock (score)
            {
                score.Count(picture, found);
            }
        });
        return score;
    }
}
