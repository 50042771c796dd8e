"""What happens while a run trains, as callbacks of Lightning's Trainer."""
