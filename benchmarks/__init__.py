"""Speed, as ratios against something run side by side in the same minute."""
